// Calls the data service through `@supabase/supabase-js` of npm, unchanged: serve-supabase.cjs URL KEY, the URL that of the service. Run
// by scripts/serve-clients.
const assert = require('node:assert')
const { createClient } = require('@supabase/supabase-js')

const [url, key] = process.argv.slice(2)
// Node before 22 has no WebSocket; nothing here opens one.
const client = createClient(url, key, { auth: { persistSession: false }, realtime: { transport: class {} } })

async function main() {
  const made = await client.from('customer').insert({ id: 51, name: 'Supa' }).select('id,name').single()
  assert.deepStrictEqual(made.data, { id: 51, name: 'Supa' }, JSON.stringify(made.error))
  assert.strictEqual((await client.from('invoice').insert([{ customer_id: 51, cents: 3 }, { customer_id: 51, cents: 4 }])).status, 201)
  const found = await client.from('customer').select('name,invoice(count)', { count: 'exact' }).eq('id', 51)
  assert.deepStrictEqual([found.data, found.count], [[{ name: 'Supa', invoice: [{ count: 2 }] }], 1], JSON.stringify(found.error))
  assert.strictEqual((await client.from('customer').update({ name: 'Supa 2' }).eq('id', 51)).status, 204)
  assert.strictEqual((await client.rpc('total_of', { customer: 51 })).data, 7)
  assert.strictEqual((await client.from('custommer').select()).error.hint, "Perhaps you meant the table 'public.customer'")
  assert.strictEqual((await client.from('invoice').delete().eq('customer_id', 51)).status, 204)
  assert.strictEqual((await client.from('customer').delete().eq('id', 51)).status, 204)
  // There is no sign-up here, and the answer says so.
  const { error } = await client.auth.signInWithPassword({ email: 'a@b.example', password: 'x' })
  assert.strictEqual(error.status, 501, `${error.message}`)
  const other = createClient(url, 'wrong', { auth: { persistSession: false }, realtime: { transport: class {} } })
  assert.strictEqual((await other.from('customer').select()).status, 401)
  console.log('supabase-js: 11 calls')
}

main().catch((error) => {
  console.error(error)
  process.exit(1)
})
