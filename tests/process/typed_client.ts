// What the types that `jotbase types` writes for the job board let a client of supabase-js say.
// The compiler alone reads this file: each `@ts-expect-error` must be one.
import { createClient } from "@supabase/supabase-js"
import { Constants, type Database, type Enums, type Tables, type TablesInsert } from "./database"

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
const sure = <T extends true>(): T | undefined => undefined

const client = createClient<Database>("http://127.0.0.1:8000", "key")

export async function rows(): Promise<void> {
  const whole = await client.from("jobs").select().single()
  sure<Same<NonNullable<typeof whole.data>, Tables<"jobs">>>()
  const some = await client.from("jobs").select("id, pay:salary, status").eq("status", "open")
  sure<
    Same<
      NonNullable<typeof some.data>[number],
      { id: number; pay: number | null; status: "draft" | "open" | "closed" }
    >
  >()
  // @ts-expect-error: no such status
  await client.from("jobs").select().eq("status", "shut")
  // @ts-expect-error: no such table
  await client.from("job").select()
}

export async function embedded(): Promise<void> {
  const up = await client.from("jobs").select("title, company:companies(name)").single()
  sure<Same<NonNullable<typeof up.data>, { title: string; company: { name: string } }>>()
  const down = await client.from("companies").select("handle, jobs(title)").single()
  sure<Same<NonNullable<typeof down.data>, { handle: string; jobs: { title: string }[] }>>()
}

export async function writes(): Promise<void> {
  const job: TablesInsert<"jobs"> = { title: "Clockmaker", company: "harbour", description: "…" }
  await client.from("jobs").insert(job)
  await client.from("jobs").update({ status: "closed" satisfies Enums<"jobs_status"> })
  // @ts-expect-error: a job has a company
  await client.from("jobs").insert({ title: "Clockmaker", description: "…" })
  // @ts-expect-error: the server gives the number
  await client.from("jobs").insert({ ...job, id: 1 })
  // @ts-expect-error: a title is never null
  await client.from("jobs").update({ title: null })
  // @ts-expect-error: no function of that name
  await client.rpc("stats")
}

export const statuses: readonly Enums<"jobs_status">[] = Constants.public.Enums.jobs_status
