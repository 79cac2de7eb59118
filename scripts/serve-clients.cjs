// Calls the data service through `@supabase/postgrest-js` of npm: serve-clients.cjs URL KEY. Run by scripts/serve-clients.
const assert = require('node:assert')
const { PostgrestClient } = require('@supabase/postgrest-js')

const [url, key] = process.argv.slice(2)
const client = new PostgrestClient(url, { headers: { Authorization: `Bearer ${key}` } })
let calls = 0

async function same(request, expected, of = (answer) => answer.data) {
  calls += 1
  const answer = await request
  assert.deepStrictEqual(of(answer), expected, `call ${calls}: ${JSON.stringify(answer.error)}`)
}

async function refused(request, code) {
  calls += 1
  const { error } = await request
  assert.strictEqual(error && error.code, code, `call ${calls}: ${JSON.stringify(error)}`)
}

async function main() {
  const table = (name) => client.from(name)
  await same(table('customer').insert({ id: 11, name: 'Uma', tags: ['x', 'y'] }).select('name'), [{ name: 'Uma' }])
  await same(table('customer').insert([{ id: 12, name: 'Tom' }, { id: 13, name: 'Kim' }]), 201, (answer) => answer.status)
  await same(table('invoice').insert([{ customer_id: 11, cents: 3 }, { customer_id: 12, cents: 4 }]).select('cents'), [{ cents: 3 }, { cents: 4 }])
  await same(table('customer').select('name').gte('id', 11).order('id'), [{ name: 'Uma' }, { name: 'Tom' }, { name: 'Kim' }])
  await same(table('customer').select('id').eq('name', 'Tom'), [{ id: 12 }])
  await same(table('customer').select('id').in('id', [11, 13]).order('id', { ascending: false }), [{ id: 13 }, { id: 11 }])
  await same(table('customer').select('id').ilike('name', 't%'), [{ id: 12 }])
  await same(table('customer').select('id').or('id.eq.11,name.eq.Kim').order('id'), [{ id: 11 }, { id: 13 }])
  await same(table('customer').select('id').contains('tags', ['x']), [{ id: 11 }])
  await same(table('customer').select('name,invoice(cents)').eq('id', 12), [{ name: 'Tom', invoice: [{ cents: 4 }] }])
  await same(table('invoice').select('cents,customer!inner(name)').eq('customer.name', 'Tom'), [{ cents: 4, customer: { name: 'Tom' } }])
  await same(table('customer').select('*', { count: 'exact', head: true }).gte('id', 11), 3, (answer) => answer.count)
  await same(table('customer').select('id').gte('id', 11).order('id').range(1, 2), [{ id: 12 }, { id: 13 }])
  await same(table('customer').select('name').eq('id', 11).single(), { name: 'Uma' })
  await same(table('customer').select('name').eq('id', 99).maybeSingle(), null)
  await same(table('customer').select('id,name').eq('id', 11).csv(), 'id,name\n11,Uma')
  await same(table('customer').upsert({ id: 13, name: 'Kimi' }).select('name'), [{ name: 'Kimi' }])
  await same(table('customer').update({ name: 'Tommy' }).eq('id', 12).select('name').single(), { name: 'Tommy' })
  await same(table('invoice').delete().eq('customer_id', 12).select('cents'), [{ cents: 4 }])
  await same(client.rpc('total_of', { customer: 11 }), 3)
  await same(client.rpc('total_of', { customer: 11 }, { get: true }), 3)
  await refused(table('customer').insert({ id: 11, name: 'Again' }), '23505')
  await refused(table('customer').select('nothing'), '42703')
  await refused(table('nothing').select('*'), 'PGRST205')
  await refused(table('customer').select('name').single(), 'PGRST116')
  await refused(client.rpc('pg_sleep', { seconds: 1 }), 'PGRST202')
  await refused(new PostgrestClient(url, { headers: { Authorization: 'Bearer wrong' } }).from('customer').select('*'), 'PGRST301')
  console.log(`@supabase/postgrest-js (npm): ${calls} calls`)
}

main().catch((error) => {
  console.error(error.message)
  process.exitCode = 1
})
