-- Counts answers by the worker that gave them; prints one line of JSON at the end. With `POST` as argument it posts.
local threads = {}

function setup(thread)
  table.insert(threads, thread)
end

function init(args)
  counts = {}
  if args[1] == "POST" then
    wrk.method = "POST"
    wrk.headers["Content-Type"] = "application/json"
    wrk.body = '{"id":7,"name":"fleetwright","tags":["a","b","c"],"pad":"' .. string.rep("x", 64) .. '"}'
  end
end

function response(status, headers, body)
  local pid = string.match(body, '"pid":(%d+)') or "none"
  counts[pid] = (counts[pid] or 0) + 1
end

function done(summary, latency, requests)
  local total = {}
  for _, thread in ipairs(threads) do
    for pid, count in pairs(thread:get("counts")) do
      total[pid] = (total[pid] or 0) + count
    end
  end
  local parts = {}
  for pid, count in pairs(total) do
    table.insert(parts, string.format('"%s":%d', pid, count))
  end
  print("PIDS {" .. table.concat(parts, ",") .. "}")
end
