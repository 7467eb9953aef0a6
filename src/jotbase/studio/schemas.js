/** What JSON Schemas say, in words: types, constraints, keys. Knows no page. */

/** The schema that a reference inside the document leads to; others are given back as they are. */
export function resolve(api, schema) {
  const seen = new Set();
  let found = schema;
  while (found?.$ref?.startsWith("#/") && !seen.has(found.$ref)) {
    seen.add(found.$ref);
    const { $ref, ...own } = found;
    found = { ...at(api, $ref), ...own };
  }
  return typeof found === "object" && found !== null ? found : {};
}

function at(api, reference) {
  const steps = reference.slice(2).split("/").map((step) => decodeURIComponent(step));
  return steps.reduce((value, step) => value?.[step.replaceAll("~1", "/").replaceAll("~0", "~")], api);
}

/** The name of a path's table among the components. */
export function componentOf(item) {
  const reference =
    item.get?.responses["200"].content["application/json"].schema.items.$ref ??
    item.post?.requestBody.content["application/json"].schema.oneOf[0].$ref;
  return reference.replace("#/components/schemas/", "").replace(/\.\w+$/, "");
}

/** A column's type in a few words: `string (uuid)`, `integer | null`, `array of string`. */
export function columnType(api, own, depth = 0) {
  const schema = resolve(api, own);
  const types = [schema.type ?? []].flat();
  if (!types.length) {
    const branches = schema.anyOf ?? schema.oneOf ?? [];
    if (branches.length && depth < 3) return branches.map((one) => columnType(api, one, depth + 1)).join(" | ");
    return schema.enum ? "one of a list" : "any";
  }
  if (types.length > 4) return "any JSON";
  return types.map((type) => typed(api, schema, type, depth)).join(" | ");
}

function typed(api, schema, type, depth) {
  if (type === "array" && schema.items && depth < 3) return `array of ${columnType(api, schema.items, depth + 1)}`;
  const form = schema.contentEncoding ?? schema.format;
  return form && type !== "null" ? `${type} (${form})` : type;
}

const LIMITS = {
  minimum: "≥",
  exclusiveMinimum: ">",
  maximum: "≤",
  exclusiveMaximum: "<",
  multipleOf: "a multiple of",
  minLength: "length ≥",
  maxLength: "length ≤",
  minItems: "items ≥",
  maxItems: "items ≤",
};

/** What holds for a column, a phrase each; names and values are between `…`. */
export function columnFacts(table, name, schema) {
  const found = [];
  if (table.schema.primaryKey?.includes(name)) found.push("primary key");
  if (table.schema.unique?.some((names) => names.length === 1 && names[0] === name)) found.push("unique");
  if (schema.identity) found.push("numbered by the server");
  if (schema.readOnly || schema.generated) found.push("read only");
  if (schema.writeOnly) found.push("never sent");
  if (schema.references) found.push(`refers to \`${schema.references}\``);
  if (schema.enum) found.push(`one of ${schema.enum.map((value) => code(value)).join(" ")}`);
  if ("const" in schema) found.push(`always ${code(schema.const)}`);
  for (const [keyword, text] of Object.entries(LIMITS)) {
    if (keyword in schema) found.push(`${text} \`${schema[keyword]}\``);
  }
  if (schema.pattern) found.push(`fits \`${schema.pattern}\``);
  if (schema.uniqueItems) found.push("no item twice");
  if ("default" in schema) found.push(`default ${code(schema.default)}`);
  if (schema.defaultExpression) found.push(`default \`${schema.defaultExpression}\``);
  return found;
}

const code = (value) => `\`${JSON.stringify(value)}\``;

/** What holds for a table as a whole. */
export function tableFacts(schema) {
  const found = [];
  const names = (columns) => columns.map((name) => `\`${name}\``).join(", ");
  if (schema.view) found.push("a view");
  if (schema.primaryKey?.length > 1) found.push(`primary key ${names(schema.primaryKey)}`);
  for (const columns of schema.unique ?? []) {
    if (columns.length > 1) found.push(`unique together: ${names(columns)}`);
  }
  for (const key of schema.foreignKeys ?? []) {
    found.push(`${names(key.columns)} refer to \`${key.references.table}\``);
  }
  if (schema.realtime) found.push("changes are told in real time");
  return found;
}
