// Uses the types that openapi-typescript makes of the OpenAPI document: serve-types-openapi.js URL KEY. Run by scripts/serve-types.
import createClient from 'openapi-fetch'
import type { components, paths } from './api.js'

const [url, key] = process.argv.slice(2)
const client = createClient<paths>({ baseUrl: url!, headers: { Authorization: `Bearer ${key}` } })

async function main(): Promise<void> {
  const { data, error } = await client.GET('/rest/ticket', { params: { query: { state: 'eq.open' } } })
  if (error || !data) throw new Error(JSON.stringify(error))
  const row: components['schemas']['ticket'] | undefined = (data as components['schemas']['ticket'][])[0]
  const state: 'open' | 'done "for now"' | undefined = row?.state
  const pieces: number[] | undefined = row?.pieces
  const city: string | null | undefined = row?.place?.city
  console.log(`openapi-typescript with openapi-fetch: compiled and ran (${[state, pieces, city].length})`)
}

main().catch((error) => {
  console.error(error)
  process.exit(1)
})
