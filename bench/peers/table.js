// The jobs table as both hand-written servers use it: its SQL, its rule, its JSON Schema and its tokens.
// Knows nothing of HTTP frameworks.
import { createSecretKey } from 'node:crypto';
import { DatabaseSync } from 'node:sqlite';
import jwt from 'jsonwebtoken';

// A key made once: given the text, jsonwebtoken makes one anew for each token, at four times the cost.
const SECRET = createSecretKey(Buffer.from(process.env.BENCH_JWT_SECRET));
const COMPANIES = Number(process.env.BENCH_COMPANIES);
const COLUMNS = 'id, title, company, salary, published, posted_by, created_at';

export const jobSchema = {
  type: 'object',
  properties: {
    title: { type: 'string', minLength: 1, maxLength: 200 },
    company: { type: 'string', minLength: 1, maxLength: 80 },
    salary: { type: ['integer', 'null'], minimum: 0 },
    published: { type: 'boolean' },
    posted_by: { type: 'string', format: 'uuid' },
  },
  required: ['title', 'company', 'posted_by'],
  additionalProperties: false,
};

export const bodySchema = {
  anyOf: [jobSchema, { type: 'array', items: jobSchema, minItems: 1 }],
};

/** The caller of one request: throws when the token is missing, forged or out of date. */
export function caller(authorization) {
  const claims = jwt.verify((authorization ?? '').slice('Bearer '.length), SECRET, {
    algorithms: ['HS256'],
  });
  return { id: claims.sub, service: claims.role === 'service_role' };
}

/** Opens the database durably: WAL, and an fsync before each commit is answered. */
export function openJobs(path) {
  const db = new DatabaseSync(path);
  db.exec(`PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;
    CREATE TABLE IF NOT EXISTS companies (handle TEXT PRIMARY KEY, name TEXT NOT NULL) STRICT;
    CREATE TABLE IF NOT EXISTS jobs (
      id INTEGER PRIMARY KEY, title TEXT NOT NULL, company TEXT NOT NULL REFERENCES companies (handle),
      salary INTEGER, published INTEGER NOT NULL DEFAULT 0, posted_by TEXT NOT NULL,
      created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))) STRICT;
    CREATE INDEX IF NOT EXISTS jobs_company ON jobs (company);
    CREATE TABLE IF NOT EXISTS change_log (
      n INTEGER PRIMARY KEY, kind TEXT NOT NULL, table_name TEXT NOT NULL, row TEXT NOT NULL) STRICT;
    BEGIN;`);
  const company = db.prepare('INSERT OR IGNORE INTO companies (handle, name) VALUES (?, ?)');
  for (let i = 0; i < COMPANIES; i++) company.run(`c${i}`, `Company ${i}`);
  company.run('new', 'New Company');
  db.exec('COMMIT');
  return jobs(db);
}

function jobs(db) {
  const rule = '(published OR posted_by = ?)';
  const byId = db.prepare(`SELECT ${COLUMNS} FROM jobs WHERE id = ? AND ${rule}`);
  const byCompany = db.prepare(
    `SELECT ${COLUMNS} FROM jobs WHERE company = ? AND ${rule} ORDER BY salary DESC, id LIMIT ?`,
  );
  const insert = db.prepare(
    `INSERT INTO jobs (title, company, salary, published, posted_by) VALUES (?, ?, ?, ?, ?) RETURNING ${COLUMNS}`,
  );
  const log = db.prepare("INSERT INTO change_log (kind, table_name, row) VALUES ('INSERT', 'jobs', ?)");
  const [begin, commit, rollback] = ['BEGIN IMMEDIATE', 'COMMIT', 'ROLLBACK'].map((sql) => db.prepare(sql));

  return {
    /** The rows that the caller may see; undefined for a question that this server does not know. */
    find(query, user) {
      if (query.id?.startsWith('eq.')) return byId.all(Number(query.id.slice(3)), user.id).map(asJob);
      if (!query.company?.startsWith('eq.') || query.order !== 'salary.desc,id.asc') return undefined;
      return byCompany.all(query.company.slice(3), user.id, Number(query.limit ?? 100)).map(asJob);
    },
    /** Stores all or none, each with its change-log row; undefined when the rule refuses one. */
    add(body, user) {
      const rows = Array.isArray(body) ? body : [body];
      if (!user.service && rows.some((row) => row.posted_by !== user.id)) return undefined;
      begin.run();
      try {
        const stored = rows.map((row) => {
          const published = row.published ? 1 : 0;
          const job = asJob(insert.get(row.title, row.company, row.salary ?? null, published, row.posted_by));
          log.run(JSON.stringify(job));
          return job;
        });
        commit.run();
        return stored;
      } catch (error) {
        rollback.run();
        throw error;
      }
    },
  };
}

function asJob(row) {
  row.published = row.published === 1;
  return row;
}
