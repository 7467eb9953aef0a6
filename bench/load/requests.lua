-- wrk script: each thread sends ready-made requests picked at random from a file (raw HTTP, divided by NUL),
-- and the last line of the output is the run's figures as JSON.
local counter = 0

function setup(thread)
  counter = counter + 1
  thread:set("number", counter)
end

function init(args)
  local file = assert(io.open(args[1], "rb"))
  pool = {}
  for request in string.gmatch(file:read("*a"), "[^%z]+") do
    pool[#pool + 1] = request
  end
  file:close()
  math.randomseed(7919 * number)
end

function request()
  return pool[math.random(#pool)]
end

function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format(
    '\n{"requests":%d,"microseconds":%d,"refused":%d,"socket_errors":%d,"p50":%d,"p99":%d}\n',
    summary.requests, summary.duration, errors.status,
    errors.connect + errors.read + errors.write + errors.timeout,
    latency:percentile(50), latency:percentile(99)))
end
