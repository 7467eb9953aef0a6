// @supabase/lite's own settings, as `lite init` writes them, but for one: the command line's limit of 100 bound
// parameters a statement would refuse the bulk insert, so the limit is SQLite's own.
import { createConnection } from '@supabase/lite/sqlite';

export default {
  connection: createConnection({
    url: 'file:./supabase/.temp/data.db',
    ddlDialect: 'postgres',
    maxBoundParameters: 32766,
  }),
  api: { port: Number(process.env.BENCH_PORT) },
  auth: {
    enabled: true,
    jwt_secret: process.env.BENCH_JWT_SECRET,
    jwt_expiry: 3600,
    enable_signup: true,
    publishable_key: process.env.SUPABASE_PUBLISHABLE_KEY,
    secret_key: process.env.SUPABASE_SECRET_KEY,
    email: { enable_confirmations: false },
  },
};
