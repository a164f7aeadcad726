-- Stages that do not end, crash or do not fit, in whole runs: what was printed stays, the message
-- names cell and line, no process and no temporary file is left, the cache stays whole.
package.path = arg[0]:match("^(.*/)") .. "?.lua;" .. package.path
local lu = require "luaunit"
local t = require "support"

local plugins = assert(os.getenv("PNEUMA_TEST_PLUGINS"), "PNEUMA_TEST_PLUGINS holds test plugins")

TestStages = {}

-- Runs a notebook whose second cell is `source` (on line 8) with a cache of its own.
local function run(source, options)
  t.notebook("a.md", 'print("printed before")', source)
  local code, _, err = t.shell(([[
export PNEUMA_CACHE=$PWD/cache TMPDIR=$PWD/tmp PNEUMA_STAGES=%s
"$P" run %s --report report.json a.md]]):format(plugins, options or ""))
  return code, err, t.read("report.json") or ""
end

-- Nothing runs that was started from the test's folder, and nothing temporary lies about.
local function nothing_left()
  local pipe = assert(io.popen("cat /proc/[0-9]*/environ 2>/dev/null | tr '\\0' '\\n' | grep -c '^TMPDIR="
    .. t.folder .. "/tmp'"))
  local left = pipe:read("l")
  pipe:close()
  lu.assertEquals(left, "0", "processes are left")
  lu.assertEquals(t.list("tmp"), {})
  lu.assertEquals(t.list("out"), {"a.html"})
  local pages = t.read("out/a.html")
  lu.assertStrContains(pages, "printed before")
end

function TestStages:setUp()
  t.open()
  os.execute("mkdir " .. t.path("tmp"))
end

function TestStages:tearDown() t.close() end

function TestStages:test_endless_plugin()
  local code, err, json = run('stage.naughty{what = "hang"}', "--timeout 0.5")
  lu.assertEquals(code, 124, err)
  lu.assertStrContains(err, "cell 2 (a.md:8)")
  t.in_order(json, {"printed before", '"end": "timeout"'})
  nothing_left()
end

function TestStages:test_long_native_stage()
  local code, err = run("stage.phantom{count = 100000}", "--timeout 0.5")
  lu.assertEquals(code, 124, err)
  lu.assertStrContains(err, "cell 2 (a.md:8)")
  nothing_left()
end

function TestStages:test_interrupted_native_stage()
  t.notebook("a.md", 'print("printed before")', 'io.open("ready", "w"):close()\nstage.phantom{count = 100000}')
  local code, _, err = t.shell(([[
export PNEUMA_CACHE=$PWD/cache TMPDIR=$PWD/tmp PNEUMA_STAGES=%s
env --default-signal=INT "$P" run a.md &
pid=$!
for i in $(seq 1000); do [ -e ready ] && break; sleep 0.02; done
sleep 0.3
kill -INT $pid
wait $pid]]):format(plugins))
  lu.assertEquals(code, 130, err)
  lu.assertStrContains(err, "a.md:8")
  nothing_left()
end

function TestStages:test_crashing_plugin()
  local code, err = run('stage.naughty{what = "crash"}')
  lu.assertEquals(code, 1, err)
  lu.assertStrContains(err, "a.md:8")
  lu.assertStrContains(err, "naughty")
  nothing_left()
end

function TestStages:test_plugin_of_another_abi()
  local code, err = run("stage.abi2{}")
  lu.assertEquals(code, 1, err)
  lu.assertStrContains(err, "a.md:8")
  lu.assertStrContains(err, "ABI 2")
  nothing_left()
end

-- A run that makes and reads cached folders and arrays.
local cached = [[
local p = stage.phantom{count = 4, size = 96, seed = SEED}
local ds = stage.dataset{dir = p.folder[1]}
local edges = stage.canny{ds:sample{n = 4}, low = 60, high = 70}
assert(#edges == 4 and #ds == 4)
]]

-- Killed at twenty moments of its life, the next run finds a cache that it can use.
function TestStages:test_killed_at_any_moment()
  for i = 1, 20 do
    t.notebook("a.md", 'print("printed before")', (cached:gsub("SEED", tostring(i % 3))))
    t.shell(([[
export PNEUMA_CACHE=$PWD/cache TMPDIR=$PWD/tmp
"$P" run a.md & pid=$!
sleep 0.%03d
kill -9 $pid
wait $pid]]):format(i * 9))
  end
  t.shell("rm -rf out tmp; mkdir tmp")
  for seed = 0, 2 do
    local code, err = run((cached:gsub("SEED", tostring(seed))))
    lu.assertEquals(code, 0, err)
  end
  nothing_left()
  local left = t.list("cache/tmp")
  lu.assertTrue(#left <= 1, table.concat(left, " "))
end

os.exit(lu.LuaUnit.run())
