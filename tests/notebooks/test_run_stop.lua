-- Runs that are stopped: by a time limit, by Ctrl-C, by a kill of either process, by a crash. What
-- was printed before is in the report, the message names cell and line, the exit code is right,
-- and nothing stays behind.
package.path = arg[0]:match("^(.*/)") .. "?.lua;" .. package.path
local lu = require "luaunit"
local t = require "support"

TestStop = {}

function TestStop:setUp() t.open() end
function TestStop:tearDown() t.close() end

local before = t.tell_pid .. '\nprint("printed before")'

-- Cell 1 says who it is and cell 2, in line 14 of the notebook, is the given one.
local function book(source, ...)
  t.notebook("a.md", before, source, ...)
end
local line = 14

local function nothing_left()
  lu.assertTrue(t.worker_gone(), "the worker is still there")
  lu.assertEquals(t.list("out"), { "a.html" })
end

local function stopped_by_time(source)
  book(source)
  local code, _, err, json = t.report("--timeout 0.3 a.md")
  lu.assertEquals(code, 124, err)
  lu.assertStrContains(err, ("cell 2 (a.md:%d) took longer than 0.3 s"):format(line))
  t.in_order(json, { "printed before", "took longer", '"failed"', '"end": "timeout"', '"exit": 124' })
  t.in_order(t.read("out/a.html"), { "printed before" })
  lu.assertStrContains(t.read("out/a.html"), "took longer")
  nothing_left()
  return err
end

function TestStop:test_endless_loop()
  local err = stopped_by_time('local x = 1\nwhile true do x = x + 1 end')
  lu.assertStrContains(err, ("at line %d"):format(line + 1))
end

function TestStop:test_endless_loop_in_a_coroutine()
  stopped_by_time("coroutine.wrap(function() while true do end end)()")
end

function TestStop:test_endless_loop_under_pcall()
  stopped_by_time("while true do pcall(function() while true do end end) end")
end

function TestStop:test_endless_loop_that_takes_hooks_away()
  local err = stopped_by_time("while true do debug.sethook() end")
  lu.assertNotStrContains(err, "killed")
end

function TestStop:test_endless_loop_in_c()
  local err = stopped_by_time('string.find(string.rep("a", 300000), ".-.-.-.-b")')
  lu.assertStrContains(err, "killed")
end

function TestStop:test_endless_command()
  stopped_by_time('os.execute("sleep 1000")\nprint("after")')
end

function TestStop:test_endless_pipe()
  stopped_by_time('io.popen("sleep 1000; echo x"):read("a")')
end

function TestStop:test_command_that_ignores_the_interrupt()
  stopped_by_time([[os.execute("trap '' INT; sleep 1000; sleep 1000")]])
end

function TestStop:test_time_limit_of_a_cell()
  book("--| timeout: 0.2\nwhile true do end")
  local code, _, err = t.run("--timeout 50 a.md")
  lu.assertEquals(code, 124)
  lu.assertStrContains(err, "longer than 0.2 s")
end

function TestStop:test_a_cell_without_a_limit()
  t.notebook("a.md", "--| timeout: -1\nlocal till = os.clock() + 0.5\nwhile os.clock() < till do end")
  lu.assertEquals((t.run("--timeout 0.1 a.md")), 0)
end

function TestStop:test_keep_going_after_a_time_out()
  t.notebook("a.md", "while true do end", 'print("went on")', "while true do end", "error('x')")
  local code, _, _, json = t.report("--timeout 0.2 --keep-going a.md")
  lu.assertEquals(code, 124)
  t.in_order(json, { "took longer", "went on", "took longer", "a.md:16: x" })
end

-- ---- signals to the program ----

-- Starts a run in the background, waits for the file "ready" that the cell makes, runs the script
-- with the run's process as $pid and returns what the run comes to.
local function while_running(script, options)
  local code, _, err = t.shell(([[
env --default-signal=INT "$P" run %s --report report.json a.md &
pid=$!
for i in $(seq 1000); do [ -e ready ] && break; sleep 0.02; done
%s
wait $pid]]):format(options or "", script))
  return code, err, t.read("report.json") or ""
end

local ready = 'io.open("ready", "w"):close()\n'

function TestStop:test_interrupt()
  book(ready .. 'print("partly")\nwhile true do end')
  local code, err, json = while_running("kill -INT $pid")
  lu.assertEquals(code, 130)
  lu.assertStrContains(err, ("cell 2 (a.md:%d) was interrupted by Ctrl-C at line %d"):format(line, line + 2))
  t.in_order(json, { "printed before", "partly", '"end": "interrupted"' })
  nothing_left()
end

function TestStop:test_interrupt_of_a_command()
  book(ready .. 'os.execute("sleep 1000")')
  lu.assertEquals((while_running("kill -INT $pid")), 130)
  nothing_left()
end

function TestStop:test_second_interrupt_kills()
  book(ready .. 'string.find(string.rep("a", 300000), ".-.-.-.-b")')
  local code, err = while_running("sleep 0.5; kill -INT $pid; sleep 0.5; kill -0 $pid && kill -INT $pid")
  lu.assertEquals(code, 130)
  lu.assertStrContains(err, "was killed by Ctrl-C")
  nothing_left()
end

function TestStop:test_termination_needs_no_second_signal()
  book(ready .. 'string.find(string.rep("a", 300000), ".-.-.-.-b")')
  lu.assertEquals((while_running("kill -TERM $pid")), 143)
  nothing_left()
end

function TestStop:test_hang_up()
  book(ready .. "while true do end")
  lu.assertEquals((while_running("kill -HUP $pid")), 129)
  nothing_left()
end

function TestStop:test_interrupt_ends_keep_going_and_later_notebooks()
  book(ready .. "while true do end", 'print("never")')
  t.notebook("b.md", 'print("never")')
  local code, _, json = while_running("kill -INT $pid", "--keep-going a.md")
  lu.assertEquals(code, 130)
  lu.assertNotStrContains(json, "never")
end

function TestStop:test_suspended_and_continued()
  book(ready .. 'repeat local go = io.open("go") until go\nprint("done")')
  local code, _, json = while_running([[
kill -TSTP $pid
for i in $(seq 1000); do
  grep -h '^State' /proc/$pid/status /proc/$(cat pid)/status > states
  [ $(grep -c stopped states) = 2 ] && break
  sleep 0.02
done
kill -CONT $pid
touch go]])
  lu.assertEquals(code, 0)
  lu.assertEquals(t.read("states"), "State:\tT (stopped)\nState:\tT (stopped)\n")
  lu.assertStrContains(json, "done\\n")
end

-- ---- deaths ----

function TestStop:test_kill_of_the_worker()
  book(ready .. 'print("partly")\nos.execute("sleep 1000")')
  local code, err, json = while_running("kill -KILL $(cat pid)")
  lu.assertEquals(code, 137)
  lu.assertStrContains(err, ("cell 2 (a.md:%d): the worker process was killed by signal 9"):format(line))
  t.in_order(json, { "printed before", "partly", '"end": "crashed"', '"signal": 9' })
  nothing_left()
end

function TestStop:test_crash_in_c()
  book('io.write("no newline")\nos.execute("kill -SEGV $PPID; sleep 1000")', 'print("never")')
  -- The address sanitizer would make an ordinary exit of it.
  local code, _, err = t.shell('ASAN_OPTIONS=handle_segv=0 "$P" run --report report.json --keep-going a.md')
  local json = t.read("report.json")
  lu.assertEquals(code, 139)
  lu.assertStrContains(err, ("cell 2 (a.md:%d): the worker process was killed by signal 11"):format(line))
  t.in_order(json, { "printed before", "no newline", '"failed"', '"crashed"' })
  lu.assertNotStrContains(json, "never")
  nothing_left()
end

function TestStop:test_exit_in_a_cell()
  for _, how in ipairs { "os.exit(0)", "os.exit(3, true)", "os.exit(true)" } do
    book('io.write("no newline") ' .. how)
    local code, _, err, json = t.report("a.md")
    lu.assertEquals(code, 1)
    lu.assertStrContains(err, ("cell 2 (a.md:%d) called os.exit"):format(line))
    t.in_order(json, { "printed before", "no newline" })
    nothing_left()
  end
end

function TestStop:test_background_commands_end_with_the_run()
  book('os.execute("sleep 1000 & echo $! > child")\nio.popen("sleep 1001 & echo $! > other; wait")',
    'os.execute("until [ -s child ] && [ -s other ]; do sleep 0.02; done")')
  local code = t.run("a.md")
  lu.assertEquals(code, 0)
  lu.assertTrue(t.gone(t.read("child"):match("%d+")))
  lu.assertTrue(t.gone(t.read("other"):match("%d+")))
  nothing_left()
end

function TestStop:test_kill_of_the_supervisor()
  book('print("partly")\nos.execute("sleep 1000 & echo $! > child")\n' .. ready
    .. 'os.execute("sleep 1000")')
  local code = while_running("kill -KILL $pid; sleep 0.5")
  lu.assertEquals(code, 137)
  lu.assertTrue(t.worker_gone())
  lu.assertTrue(t.gone(t.read("child"):match("%d+")))
  lu.assertEquals(t.list("out"), { ".a.journal" })

  t.notebook("a.md", 'print("another book by now")')
  local next_code, _, err = t.run("a.md")
  lu.assertEquals(next_code, 0)
  lu.assertStrContains(err, "out/a.interrupted.html")
  lu.assertEquals(t.list("out"), { "a.html", "a.interrupted.html" })
  local page = t.read("out/a.interrupted.html")
  t.in_order(page, { "printed before", "partly" })
  lu.assertStrContains(page, ("the run was killed in cell 2 (a.md:%d)"):format(line))
  lu.assertStrContains(t.read("out/a.html"), "another book")
end

function TestStop:test_kill_of_the_supervisor_while_the_worker_loops()
  book(ready .. "while true do end")
  while_running("kill -KILL $pid; sleep 0.5")
  lu.assertTrue(t.worker_gone())
end

function TestStop:test_torn_and_foreign_journals()
  book('print("partly")\n' .. ready .. 'os.execute("sleep 1000")')
  while_running("kill -KILL $pid; sleep 0.3")
  local journal = t.read("out/.a.journal")
  t.notebook("a.md", "1")
  for _, cut in ipairs { 0, 5, 8, 20, 100, #journal // 2, #journal - 1 } do
    t.write("out/.a.journal", journal:sub(1, cut))
    lu.assertEquals((t.run("a.md")), 0, cut)
    lu.assertFalse(t.exists("out/.a.journal"))
  end
  t.write("out/.a.journal", "not a journal at all, but long enough to be looked at")
  lu.assertEquals((t.run("a.md")), 0)
end

function TestStop:test_a_page_that_was_being_written_goes_away()
  t.notebook("a.md", "1")
  t.shell("mkdir out; cd out; touch a.html.Ab12Cd.unfinished a.interrupted.html.Ab12Cd.unfinished "
    .. "a.html.backup b.html.Ab12Cd.unfinished")
  lu.assertEquals((t.run("a.md")), 0)
  lu.assertEquals(t.list("out"), { "a.html", "a.html.backup", "b.html.Ab12Cd.unfinished" })
end

function TestStop:test_two_runs_at_once()
  book(ready .. 'while not io.open("go") do os.execute("sleep 0.05") end\nprint("first")')
  local code, err = while_running('"$P" run a.md; echo "second: $?" >&2; touch go')
  lu.assertEquals(code, 0)
  lu.assertStrContains(err, "another run is writing 'out/a.html'")
  lu.assertStrContains(err, "second: 2")
  lu.assertStrContains(t.read("out/a.html"), "first")
  nothing_left()
end

os.exit(lu.LuaUnit.run())
