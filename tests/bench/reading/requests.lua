-- Requests the lines of a file (a path and a token) in rotation, and prints the figures as JSON.
-- Arguments: the file, and the pause of each connection between two requests in milliseconds.

local requests = {}
local last = 0

function init(args)
  for line in io.lines(args[1]) do
    local path, token = line:match("^(%S+) (%S+)$")
    requests[#requests + 1] = wrk.format("GET", path, {["Authorization"] = "Bearer " .. token})
  end
  -- wrk looks up this function after init; without it there is no pause.
  local pause = tonumber(args[2])
  if pause > 0 then
    function delay()
      return pause
    end
  end
end

function request()
  last = last % #requests + 1
  return requests[last]
end

function done(summary, latency)
  local errors = summary.errors
  io.stderr:write(string.format(
    '{"requests": %d, "seconds": %f, "failed": %d, "took": {"median ms": %f, "p99 ms": %f}}\n',
    summary.requests,
    summary.duration / 1e6,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout,
    latency:percentile(50) / 1e3,
    latency:percentile(99) / 1e3
  ))
end
