// One table behind Express, as one would write it by hand: jsonwebtoken, ajv, node:sqlite.
import Ajv from 'ajv';
import addFormats from 'ajv-formats';
import express from 'express';
import { bodySchema, caller, openJobs } from './table.js';

const ajv = new Ajv({ allowUnionTypes: true });
addFormats(ajv);
const valid = ajv.compile(bodySchema);
const jobs = openJobs(process.env.BENCH_DATABASE);
const app = express();
// Neither header is of use to an API client, and the ETag would cost a hash of each body.
app.disable('x-powered-by');
app.disable('etag');

app.get('/health', (request, response) => response.json({ status: 'ok' }));

function authenticate(request, response, next) {
  try {
    request.user = caller(request.headers.authorization);
  } catch {
    return response.status(401).json({ message: 'invalid token' });
  }
  next();
}

app.get('/rest/v1/jobs', authenticate, (request, response) => {
  const rows = jobs.find(request.query, request.user);
  if (rows === undefined) return response.status(400).json({ message: 'unknown filter' });
  response.json(rows);
});

app.post('/rest/v1/jobs', authenticate, express.json({ limit: '8mb' }), (request, response) => {
  if (!valid(request.body)) return response.status(400).json({ message: ajv.errorsText(valid.errors) });
  const stored = jobs.add(request.body, request.user);
  if (stored === undefined) return response.status(403).json({ message: 'not your row' });
  if (request.get('prefer') !== 'return=representation') return response.status(201).end();
  response.status(201).json(stored);
});

app.listen(Number(process.env.BENCH_PORT), '127.0.0.1');
