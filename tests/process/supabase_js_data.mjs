// Asks the job board by every method of supabase-js's data builder; tells what came of each, by name.
import { createClient } from "@supabase/supabase-js";
import WebSocket from "ws";

const [url, key] = process.argv.slice(2);
const client = createClient(url, key, { auth: { persistSession: false }, realtime: { transport: WebSocket } });
const jobs = () => client.from("jobs");
const told = {};

const code = (error) => error.code ?? error.name;

async function tell(name, query) {
  const { data, error, count, status } = await query;
  told[name] = error ? code(error) : data;
  if (count !== null && count !== undefined) told[`${name}: count`] = count;
  if (status !== 200) told[`${name}: status`] = status;
}

const ids = async (name, filter) => {
  const { data, error } = await filter(jobs().select("id")).order("id");
  told[name] = error ? code(error) : data.map((row) => row.id);
};

const about = "A description of twenty characters and more.";
const job = { description: about, employment: "full-time", remote: true, location: null, salary: null, tags: [], status: "open" };

// insert
await tell("insert", client.from("companies").insert({ handle: "acme", name: "Acme" }));
await tell("insert and select", client.from("companies").insert({ handle: "blue", name: "Blue" }).select("handle, about").single());
await tell("insert many", jobs().insert([
  { ...job, title: "Python developer", company: "acme", salary: 60000, tags: ["python", "sql"] },
  { ...job, title: "Go developer", company: "acme", remote: false, location: "Berlin", salary: 70000, tags: ["go"] },
  { ...job, title: "Designer", company: "blue", employment: "part-time" },
  { ...job, title: "100% old_job", company: "blue", salary: 50000, tags: ["python"], status: "closed" },
]).select("id"));
await tell("insert, refused by the schema", jobs().insert({ ...job, title: "x", company: "acme" }));
await tell("insert, key taken", client.from("companies").insert({ handle: "acme", name: "Other" }));
await tell("insert, unknown column", client.from("companies").insert({ handle: "no", name: "No", nope: 1 }));
await tell("insert with defaults", client.from("companies").insert(
  [{ handle: "cyan", name: "Cyan", about: "x" }, { handle: "dune", name: "Dune" }],
  { defaultToNull: false, count: "exact" },
).select("about"));

// upsert
await tell("upsert", client.from("companies").upsert({ handle: "cyan", name: "Cyan 2" }).select("handle, name"));
await tell("upsert, ignoring", client.from("companies").upsert(
  [{ handle: "cyan", name: "Cyan 3" }, { handle: "east", name: "East" }],
  { onConflict: "handle", ignoreDuplicates: true },
).select("name"));

await tell("upsert with defaults", client.from("companies").upsert(
  [{ handle: "cyan", name: "Cyan 4" }, { handle: "west", name: "West", about: "w" }],
  { defaultToNull: false, count: "exact" },
).select("handle, about"));
await tell("upsert, one", client.from("companies").upsert({ handle: "west", name: "West 2" }).select("name").single());
await tell("insert, two for one", client.from("companies").insert(
  [{ handle: "twin", name: "Twin" }, { handle: "other", name: "Other twin" }]).select().single());

// filters
await ids("eq", (q) => q.eq("title", "Designer"));
await ids("neq", (q) => q.neq("company", "acme"));
await ids("gt", (q) => q.gt("salary", 60000));
await ids("gte", (q) => q.gte("salary", 60000));
await ids("lt", (q) => q.lt("salary", 60000));
await ids("lte", (q) => q.lte("salary", 60000));
await ids("like", (q) => q.like("title", "%developer"));
await ids("like, case", (q) => q.like("title", "%DEVELOPER"));
await ids("ilike", (q) => q.ilike("title", "%DEVELOPER"));
await ids("likeAllOf", (q) => q.likeAllOf("title", ["%dev%", "P%"]));
await ids("likeAnyOf", (q) => q.likeAnyOf("title", ["Go%", "Des%"]));
await ids("ilikeAllOf", (q) => q.ilikeAllOf("title", ["%DEV%", "p%"]));
await ids("ilikeAnyOf", (q) => q.ilikeAnyOf("title", ["go%", "des%"]));
await ids("regexMatch", (q) => q.regexMatch("title", "^(Go|Py)"));
await ids("regexIMatch", (q) => q.regexIMatch("title", "^(go|py)"));
await ids("is null", (q) => q.is("salary", null));
await ids("is true", (q) => q.is("remote", true));
await ids("isDistinct", (q) => q.isDistinct("salary", 60000));
await ids("in", (q) => q.in("title", ["Designer", "Go developer", "no, such (one)"]));
await ids("notIn", (q) => q.notIn("id", [1, 2]));
await ids("contains", (q) => q.contains("tags", ["python"]));
await ids("containedBy", (q) => q.containedBy("tags", ["python", "go"]));
await ids("overlaps", (q) => q.overlaps("tags", ["sql", "go"]));
await ids("textSearch", (q) => q.textSearch("title", "develop", { type: "plain", config: "english" }));
await ids("textSearch, web", (q) => q.textSearch("title", "developer -go", { type: "websearch" }));
await ids("textSearch, phrase", (q) => q.textSearch("title", "go developer", { type: "phrase" }));
await ids("textSearch, operators", (q) => q.textSearch("title", "'go' | 'design:*'"));
await ids("match", (q) => q.match({ company: "blue", status: "open" }));
await ids("not", (q) => q.not("company", "eq", "acme"));
await ids("or", (q) => q.or("salary.gt.65000,title.eq.Designer"));
await ids("or, nested", (q) => q.or("id.eq.4,and(company.eq.acme,not.and(salary.gt.65000,remote.is.false))"));
await ids("filter", (q) => q.filter("salary", "in", "(60000,70000)"));
await ids("rangeGt, no ranges", (q) => q.rangeGt("salary", "[1,2)"));
await ids("in, reserved characters", (q) => q.in("title", ["100% old_job", 'a"b', "a\\b", "(c)"]));
await ids("or, quoted", (q) => q.or('title.eq."100% old_job",title.eq."a,b(c)"'));
await ids("filter, negated", (q) => q.filter("tags", "not.cs", "{python}"));
await ids("not, in", (q) => q.not("id", "in", "(1,2)"));
await ids("contains, as text", (q) => q.contains("tags", "{go}"));
await ids("match, two columns", (q) => q.match({ location: "Berlin", remote: false }));
await ids("unknown column", (q) => q.eq("nope", 1));

// ranges
const stays = () => client.from("stays");
const during = "[2026-05-01T10:00:00+02:00,2026-05-02T00:00:00Z)";
await tell("ranges", stays().insert([
  { floors: "[1,3]", during }, { floors: "[4,7)", during: "[2026-05-02T00:00:00Z,)" }, { floors: "(7,9]", during: "empty" },
]).select("floors, during"));
const stayed = async (name, filter) => {
  const { data, error } = await filter(stays().select("id")).order("id");
  told[name] = error ? code(error) : data.map((row) => row.id);
};
await stayed("rangeGt", (q) => q.rangeGt("floors", "[1,4)"));
await stayed("rangeGte", (q) => q.rangeGte("floors", "[4,5)"));
await stayed("rangeLt", (q) => q.rangeLt("floors", "[7,8)"));
await stayed("rangeLte", (q) => q.rangeLte("floors", "(0,6]"));
await stayed("rangeAdjacent", (q) => q.rangeAdjacent("floors", "[7,8)"));
await stayed("overlaps, ranges", (q) => q.overlaps("during", "[2026-05-01 23:00:00+00,2026-05-03 00:00:00+00)"));
await stayed("contains, ranges", (q) => q.contains("floors", "[5,6]"));
await stayed("containedBy, ranges", (q) => q.containedBy("floors", "[1,7)"));
await stayed("eq, ranges", (q) => q.eq("floors", "[1,4)"));
await stayed("rangeGt, malformed", (q) => q.rangeGt("floors", "1,2"));
await tell("order, ranges", stays().select("id").order("floors", { ascending: false }));
await tell("insert, no range", stays().insert({ floors: "[3,1]", during }));

// select and shape
await tell("select, renamed and cast", jobs().select("called:title, pay:salary::text").eq("id", 1));
await tell("select, to one", jobs().select("title, company:companies(name)").eq("id", 1).single());
await tell("select, to many", client.from("companies").select("name, jobs(id)").eq("handle", "acme"));
await tell("select, inner", client.from("companies").select("name, jobs!inner(id)").eq("jobs.status", "closed"));
await tell("select, spread", jobs().select("id, ...companies(firm:name)").eq("id", 3));
await tell("select, unrelated", jobs().select("id, profiles(id)"));
await tell("or, in an embed", client.from("companies").select("handle, jobs(id)")
  .in("handle", ["acme"]).or("salary.gt.65000,title.eq.nothing", { referencedTable: "jobs" }));
await tell("order", jobs().select("id").order("salary", { ascending: false, nullsFirst: false }).order("id"));
await tell("order, in an embed", client.from("companies").select("jobs(id)").eq("handle", "acme")
  .order("id", { referencedTable: "jobs", ascending: false }));
await tell("order, by an embed", jobs().select("id").select("id, companies(name)").order("companies(name)", { ascending: false }).order("id").limit(2));
await tell("limit", jobs().select("id").order("id").limit(2));
await tell("limit, in an embed", client.from("companies").select("jobs(id)").eq("handle", "acme").limit(1, { referencedTable: "jobs" }));
await tell("range", jobs().select("id").order("id").range(1, 2));
await tell("count", jobs().select("id", { count: "exact" }).limit(1));
await tell("count, planned", jobs().select("id", { count: "planned" }).limit(1));
await tell("count, estimated", jobs().select("id", { count: "estimated", head: true }));
await tell("range, in an embed", client.from("companies").select("jobs(id)").eq("handle", "acme")
  .order("id", { referencedTable: "jobs" }).range(1, 1, { referencedTable: "jobs" }));
await tell("range, beyond the end", jobs().select("id", { count: "exact" }).range(9, 12));
await tell("limit, none", jobs().select("id").limit(0));
await tell("head, refused", client.from("jbs").select("id", { head: true }));
await tell("head", jobs().select("id", { count: "exact", head: true }));
await tell("single", jobs().select("id").eq("id", 1).single());
await tell("single, of none", jobs().select("id").eq("id", 99).single());
await tell("maybeSingle", jobs().select("id").eq("id", 99).maybeSingle());
await tell("maybeSingle, of two", jobs().select("id").in("id", [1, 2]).maybeSingle());
await tell("csv", jobs().select("id, title, remote, location").in("id", [1, 2]).order("id").csv());
await tell("csv, of none", jobs().select("id, title").eq("id", 99).csv());
await tell("single, as stripped", jobs().select("id, salary").eq("id", 3).stripNulls().single());
await tell("stripNulls", jobs().select("id, salary").in("id", [2, 3]).order("id").stripNulls());
await tell("returns", jobs().select("id").eq("id", 1).returns().overrideTypes());
await tell("explain", jobs().select("id").eq("id", 1).explain());
told["explain, as json"] = (await jobs().select("id").eq("id", 1).explain({ analyze: true, format: "json" })).data[0].Plan["Node Type"];
await tell("setHeader", jobs().select("id").eq("id", 1).setHeader("Accept", "text/csv"));
await tell("geojson", jobs().select("id").geojson());
await tell("schema", client.schema("nope").from("jobs").select());
await tell("unknown table", client.from("jbs").select());
told.throwOnError = await jobs().select("nope").throwOnError().then(() => "nothing", code);
const stopped = new AbortController();
stopped.abort();
told.abortSignal = (await jobs().select().abortSignal(stopped.signal)).error !== null;

// functions
await tell("rpc", client.rpc("add", { a: 1, b: 2 }));
await tell("rpc, by get", client.rpc("add", { a: 1 }, { get: true }));
await tell("rpc, rows", client.rpc("paid", { least: 60000 }, { count: "exact" }).select("id, companies(name)").gt("id", 1));
await tell("rpc, head", client.rpc("paid", { least: 60000 }, { head: true, count: "exact" }));
await tell("rpc, single", client.rpc("paid", { least: 60000 }).select("title").order("id").limit(1).single());
await tell("rpc, wrong argument", client.rpc("add", { a: "x" }));
await tell("rpc, refused", client.rpc("found", { handle: "fern", fail: true }));
await tell("rpc, nothing back", client.rpc("found", { handle: "gale" }));
await tell("after rpc", client.from("companies").select("handle").in("handle", ["fern", "gale"]));
await tell("computed", jobs().select("id, shouted").like("shouted", "GO%"));

// update, delete
await tell("update", jobs().update({ salary: 61000 }).eq("id", 1));
await tell("update and select", jobs().update({ salary: 62000 }).eq("id", 1).select("salary, companies(name)"));
await tell("update, refused by the schema", jobs().update({ salary: 1 }).eq("id", 1));
await tell("update, unfiltered", jobs().update({ salary: 1000 }));
await tell("maxAffected", jobs().update({ salary: 63000 }).gt("id", 0).maxAffected(1));
await tell("rollback", jobs().update({ salary: 64000 }).eq("id", 1).select("salary").rollback());
await tell("after those", jobs().select("salary").eq("id", 1).single());
await tell("delete", jobs().delete({ count: "exact" }).eq("id", 4));
await tell("delete and select", jobs().delete().eq("id", 3).select("title"));
await tell("delete, held by a reference", client.from("companies").delete().eq("handle", "acme"));
await tell("rpc, unknown", client.rpc("nothing", { a: 1 }));
await tell("rpc, unknown, by get", client.rpc("nothing", { a: 1 }, { get: true }));

console.log(JSON.stringify(told));
