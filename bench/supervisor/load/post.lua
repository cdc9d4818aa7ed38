-- A small JSON body for wrk.
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.body = '{"id":7,"name":"fleetwright","tags":["a","b","c"],"pad":"' .. string.rep("x", 64) .. '"}'
