// What the types of a project with functions, views and objects let a client say; only compiled.
import { createClient } from "@supabase/supabase-js"
import type { Database, TablesInsert } from "./database"

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
const sure = <T extends true>(): T | undefined => undefined

const client = createClient<Database>("http://127.0.0.1:8000", "key")

export async function functions(): Promise<void> {
  const sum = await client.rpc("add", { a: 1 })
  sure<Same<typeof sum.data, number | null>>()
  const found = await client.rpc("found", { size: "small" })
  sure<Same<NonNullable<typeof found.data>, Database["public"]["Tables"]["parts"]["Row"][]>>()
  const names = await client.rpc("found", { size: "small" }).select("name")
  sure<Same<NonNullable<typeof names.data>, { name: string }[]>>()
  await client.rpc("ping")
  // @ts-expect-error: no such size
  await client.rpc("found", { size: "huge" })
}

export async function shapes(): Promise<void> {
  const one = await client.from("parts").select("box, name").single()
  sure<
    Same<NonNullable<typeof one.data>["box"], { width: number; height?: number | null } | null>
  >()
  const view = await client.from("names").select("name, makers(title)")
  sure<
    Same<NonNullable<typeof view.data>[number], { name: string; makers: { title: string } | null }>
  >()
  // @ts-expect-error: what a secret is, is never read
  await client.from("parts").select("secret").single().then((done) => done.data?.secret.length)
}

export const part: TablesInsert<"parts"> = { name: "cog", secret: "s", box: { width: 1 } }
