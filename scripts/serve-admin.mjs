// Uses the data service as pages for administrators do, through `@raphiniert/ra-data-postgrest` (react-admin) and `@refinedev/supabase`
// (refine) of npm, unchanged: serve-admin.mjs MODULES URL KEY, the URL that of the service. Run by scripts/serve-clients.
import assert from 'node:assert'
import { createRequire } from 'node:module'

const [modules, url, key] = process.argv.slice(2)
const require = createRequire(`${modules}/`)

async function httpClient(target, options = {}) {
  const headers = new Headers(options.headers ?? {})
  headers.set('Authorization', `Bearer ${key}`)
  const answer = await fetch(target, { ...options, headers })
  const body = await answer.text()
  if (answer.status >= 300) throw new Error(`${target}: ${answer.status} ${body}`)
  return { status: answer.status, headers: answer.headers, body, json: body ? JSON.parse(body) : undefined }
}

async function reactAdmin() {
  const made = require('@raphiniert/ra-data-postgrest').default
  const data = (made.default ?? made)({
    apiUrl: `${url}/rest`, httpClient, defaultListOp: 'eq', schema: () => '', primaryKeys: new Map([['membership', ['customer_id', 'club']]]),
  })
  const sort = { field: 'id', order: 'ASC' }
  const ids = Array.from({ length: 150 }, (_, place) => 1001 + place)
  for (const id of ids) assert.strictEqual((await data.create('customer', { data: { id, name: `Admin ${id}` } })).data.id, id)
  const page = await data.getList('customer', { pagination: { page: 2, perPage: 10 }, sort, filter: { 'id@gte': 1001 } })
  assert.deepStrictEqual([page.total, page.data.length, page.data[0].id], [150, 10, 1011])
  const found = await data.getList('customer', { pagination: { page: 1, perPage: 5 }, sort: { field: 'name', order: 'DESC' }, filter: { 'name@ilike': 'admin 100' } })
  assert.deepStrictEqual(found.data.map((one) => one.id), [1100, 1009, 1008, 1007, 1006])
  assert.strictEqual((await data.getOne('customer', { id: 1003 })).data.name, 'Admin 1003')
  assert.strictEqual((await data.getMany('customer', { ids })).data.length, 150)
  await data.create('invoice', { data: { customer_id: 1001, cents: 5 } })
  const referring = await data.getManyReference('invoice', { target: 'customer_id', id: 1001, pagination: { page: 1, perPage: 5 }, sort, filter: {} })
  assert.deepStrictEqual([referring.total, referring.data[0].cents], [1, 5])
  await data.delete('invoice', { id: referring.data[0].id, previousData: referring.data[0] })
  assert.strictEqual((await data.update('customer', { id: 1002, data: { name: 'Changed' }, previousData: { id: 1002 } })).data.name, 'Changed')
  await data.updateMany('customer', { ids: [1003, 1004], data: { tags: ['many'] } })
  assert.deepStrictEqual((await data.getOne('customer', { id: 1004 })).data.tags, ['many'])
  await data.create('membership', { data: { customer_id: 1001, club: 'golf' } })
  assert.strictEqual((await data.getOne('membership', { id: JSON.stringify([1001, 'golf']) })).data.club, 'golf')
  assert.strictEqual((await data.getList('membership', { pagination: { page: 1, perPage: 5 }, sort, filter: {} })).total, 1)
  await data.delete('membership', { id: JSON.stringify([1001, 'golf']), previousData: {} })
  await data.deleteMany('customer', { ids })
  assert.strictEqual((await data.getList('customer', { pagination: { page: 1, perPage: 5 }, sort, filter: { 'id@gte': 1001 } })).total, 0)
  console.log('@raphiniert/ra-data-postgrest (npm): react-admin, 167 calls')
}

async function refine() {
  const { dataProvider } = require('@refinedev/supabase')
  const { createClient } = require('@supabase/supabase-js')
  // Node before 22 has no WebSocket; nothing here opens one.
  const data = dataProvider(createClient(url, key, { auth: { persistSession: false }, realtime: { transport: class {} } }))
  const [resource, variables] = ['customer', [{ id: 1202, name: 'Refined b' }, { id: 1203, name: 'Refined c' }]]
  assert.strictEqual((await data.create({ resource, variables: { id: 1201, name: 'Refined a' } })).data.id, 1201)
  assert.strictEqual((await data.createMany({ resource, variables })).data.length, 2)
  await data.create({ resource: 'invoice', variables: { customer_id: 1201, cents: 9 } })
  const pagination = { currentPage: 2, current: 2, pageSize: 2, mode: 'server' }
  const page = await data.getList({ resource, pagination, sorters: [{ field: 'id', order: 'asc' }], filters: [{ field: 'id', operator: 'gt', value: 1200 }], meta: { select: '*,invoice(cents)' } })
  assert.deepStrictEqual([page.total, page.data[0].id], [3, 1203])
  const either = [{ field: 'name', operator: 'contains', value: 'ined a' }, { field: 'id', operator: 'eq', value: 1203 }]
  const found = await data.getList({ resource, filters: [{ field: 'id', operator: 'gte', value: 1201 }, { operator: 'or', value: either }], sorters: [{ field: 'id', order: 'desc' }] })
  assert.deepStrictEqual(found.data.map((one) => one.id), [1203, 1201])
  assert.strictEqual((await data.getOne({ resource, id: 1202 })).data.name, 'Refined b')
  assert.strictEqual((await data.getMany({ resource, ids: [1201, 1203] })).data.length, 2)
  assert.strictEqual((await data.update({ resource, id: 1202, variables: { name: 'Refined d' } })).data.name, 'Refined d')
  await data.deleteOne({ resource: 'invoice', id: (await data.getList({ resource: 'invoice', filters: [{ field: 'customer_id', operator: 'eq', value: 1201 }] })).data[0].id })
  for (const id of [1201, 1202, 1203]) await data.deleteOne({ resource, id })
  assert.strictEqual((await data.getOne({ resource, id: 1201 })).data, undefined)
  console.log('@refinedev/supabase (npm): refine, 14 calls')
}

reactAdmin()
  .then(refine)
  .then(() => process.exit(0))
  .catch((error) => {
    console.error(error)
    process.exit(1)
  })
