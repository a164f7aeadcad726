-- Stages that do not end, crash or cannot be loaded, in a run: what was printed before is in the
-- report, the message names the cell and its line, and no helper process or file stays behind.
package.path = arg[0]:match("^(.*/)") .. "?.lua;" .. package.path
local lu = require "luaunit"
local t = require "support"

local plugins = assert(os.getenv("PNEUMA_TEST_PLUGINS"), "PNEUMA_TEST_PLUGINS names the plugins' folder")

TestStages = {}

function TestStages:setUp() t.open() end
function TestStages:tearDown() t.close() end

local cell_line = 14 -- of the second cell

-- Runs the notebook with a cache of its own; `options` stand behind `run`, `signal` is sent to the
-- program one second after the second cell began.
local function run(source, options, signal)
  t.notebook("a.md", t.tell_pid .. '\nprint("printed before")',
    'io.open("ready", "w"):close() ' .. source)
  local code, _, err = t.shell(([[
export PNEUMA_CACHE="$PWD/cache" PNEUMA_STAGES=%s
env --default-signal=INT "$P" run %s --report report.json a.md &
pid=$!
for i in $(seq 1000); do [ -e ready ] && break; sleep 0.02; done
sleep %s
ps -o pid= --ppid $(cat pid) > children
%s
wait $pid]]):format(t.quote(plugins), options or "", signal and 1 or 0, signal or ""))
  return code, err, t.read("report.json") or ""
end

local function nothing_left()
  lu.assertTrue(t.worker_gone(), "the worker is still there")
  for child in t.read("children"):gmatch("%d+") do
    lu.assertTrue(t.gone(child), "a helper is still there")
  end
  lu.assertEquals(t.list("out"), { "a.html" })
  lu.assertEquals(t.list("cache/tmp"), {})
end

local function stopped_by_time(source)
  local code, err, json = run(source, "--timeout 1")
  lu.assertEquals(code, 124, err)
  lu.assertStrContains(err, ("cell 2 (a.md:%d) took longer than 1 s and was stopped at line %d")
    :format(cell_line, cell_line))
  t.in_order(json, { "printed before", '"end": "timeout"' })
  nothing_left()
end

local function stopped_by_interrupt(source)
  local code, err, json = run(source, "", "kill -INT $pid")
  lu.assertEquals(code, 130, err)
  lu.assertStrContains(err, ("cell 2 (a.md:%d) was interrupted by Ctrl-C"):format(cell_line))
  t.in_order(json, { "printed before", '"end": "interrupted"' })
  nothing_left()
end

local hang = 'stage.naughty{what = "hang"}'
local obeys = 'while true do pcall(stage.naughty, {what = "polite"}) end'
local native = "stage.phantom{count = 100000}"

function TestStages:test_time_limit_of_a_plugin_that_ignores_cancellation() stopped_by_time(hang) end
function TestStages:test_interrupt_of_a_plugin_that_ignores_cancellation() stopped_by_interrupt(hang) end
function TestStages:test_time_limit_of_a_plugin_under_pcall() stopped_by_time(obeys) end
function TestStages:test_interrupt_of_a_plugin_under_pcall() stopped_by_interrupt(obeys) end

-- The work folder of an unfinished call stays in the cache, for the call to go on.
function TestStages:test_time_limit_of_a_native_stage() stopped_by_time(native) end
function TestStages:test_interrupt_of_a_native_stage() stopped_by_interrupt(native) end

function TestStages:test_kill_of_the_worker_takes_the_helper_along()
  local code, err, json = run(hang, "", "kill -KILL $(cat pid)")
  lu.assertEquals(code, 137, err)
  lu.assertStrContains(err, ("cell 2 (a.md:%d): the worker process was killed"):format(cell_line))
  t.in_order(json, { "printed before", '"end": "crashed"' })
  nothing_left()
end

function TestStages:test_kill_of_the_program_takes_the_helper_along()
  local code = run(hang, "", "kill -KILL $pid")
  lu.assertEquals(code, 137)
  lu.assertTrue(t.worker_gone())
  for child in t.read("children"):gmatch("%d+") do lu.assertTrue(t.gone(child)) end
end

function TestStages:test_plugin_of_another_abi()
  local code, err, json = run("stage.abi2{}")
  lu.assertEquals(code, 1)
  lu.assertStrContains(err, ("a.md:%d: stage.abi2 cannot be used"):format(cell_line))
  lu.assertStrContains(err, "built for stage ABI 2, this Pneuma speaks 1")
  t.in_order(json, { "printed before", "stage ABI 2" })
end

function TestStages:test_crash_of_a_plugin()
  local code, err, json = run('stage.naughty{what = "crash"}', "--keep-going")
  lu.assertEquals(code, 1)
  lu.assertStrContains(err, ("a.md:%d: stage.naughty failed: its plugin"):format(cell_line))
  lu.assertStrContains(err, "crashed: signal 11")
  t.in_order(json, { "printed before", "crashed" })
end

os.exit(lu.LuaUnit.run())
