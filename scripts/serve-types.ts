// Uses the types of `serve types`: serve-types.js URL KEY. Compiled and run by scripts/serve-types, which also compiles each line behind
// `// wrong:` in the place of `// end`.
import { PostgrestClient } from '@supabase/postgrest-js'
import type { Database } from './database.js'

const [url, key] = process.argv.slice(2)
const client = new PostgrestClient<Database>(url!, { headers: { Authorization: `Bearer ${key}` } })

async function main(): Promise<void> {
  const made = await client.from('customer').insert({ id: 71, name: 'Typed', tags: ['a'] }).select('id, name').single()
  const id: number = made.data!.id
  const tickets = await client
    .from('ticket')
    .insert([{ customer_id: id, subject: 'one', pieces: [1, 2], place: { city: 'Bonn', floor: 1 } }, { subject: 'two', state: 'done "for now"' }], { defaultToNull: false })
    .select()
  const state: 'open' | 'done "for now"' = tickets.data![0]!.state
  const pieces: number[] = tickets.data![0]!.pieces
  const city: string | null = tickets.data![0]!.place!.city
  const embedded = await client.from('ticket').select('subject, customer(name)').eq('state', 'open').single()
  const name: string = embedded.data!.customer!.name
  const back = await client.from('customer').select('name, ticket(subject)').eq('id', 71).single()
  const subject: string = back.data!.ticket[0]!.subject
  const called = await client.rpc('tickets_in', { state: 'open' })
  const row: { subject: string | null } = called.data![0]!
  const total: number | null = (await client.rpc('total_of', { customer: id })).data
  const view = await client.from('open_ticket').select('subject').single()
  const shown: string | null = view.data!.subject
  const odd = await client.from('ticket').update({ 'odd name': 1.5 }).eq('subject', 'one').select('"odd name"').single()
  const found = JSON.stringify([state, pieces, city, name, subject, row.subject, total, shown, odd.error])
  if (found !== '["open",[1,2],"Bonn","Typed","one","one",0,"one",null]') throw new Error(found)
  // wrong: await client.from('custommer').select()
  // wrong: await client.from('customer').insert({ nam: 'x' })
  // wrong: await client.from('customer').insert({ name: 1 })
  // wrong: await client.from('customer').insert({ tags: ['x'] })
  // wrong: await client.from('ticket').insert({ subject: 'x', state: 'lost' })
  // wrong: await client.from('ticket').insert({ subject: 'x', id: 1 })
  // wrong: await client.from('ticket').insert({ subject: 'x', pieces: ['x'] })
  // wrong: await client.from('ticket').update({ place: { town: 'x', floor: 1 } })
  // wrong: await client.from('ticket').select().eq('state', 'lost')
  // wrong: const wrong: string = (await client.from('ticket').select('id').single()).data!.id
  // wrong: (await client.from('ticket').select('nothing').single()).data!.nothing.length
  // wrong: await client.rpc('tickets_in', { state: 'lost' })
  // wrong: await client.rpc('nothing')
  // end
  await client.from('ticket').delete().gte('id', 0)
  await client.from('customer').delete().eq('id', 71)
  console.log('postgrest-js with `serve types`: compiled and ran')
}

main().catch((error) => {
  console.error(error)
  process.exit(1)
})
