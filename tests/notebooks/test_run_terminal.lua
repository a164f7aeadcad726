-- What a person sees at a terminal, which `script` gives, and what others see.
package.path = arg[0]:match("^(.*/)") .. "?.lua;" .. package.path
local lu = require "luaunit"
local t = require "support"

TestTerminal = {}

function TestTerminal:setUp() t.open() end
function TestTerminal:tearDown() t.close() end

local has_script = os.execute("script -qec true /dev/null </dev/null >/dev/null 2>&1")

-- Runs the notebook at a terminal of that width; `keys` is a shell command that types.
local function at_terminal(environment, arguments, keys)
  lu.skipIf(not has_script, "`script` cannot make a terminal here")
  local run = ([[stty cols 60; env %s "$P" run %s]]):format(environment, arguments)
  return t.shell(("export P; %s | script -qec %s /dev/null"):format(keys or ":", t.quote(run)))
end

local slow = 'local till = os.time() + 2\nwhile os.time() < till do end\nprint("printed")'

function TestTerminal:test_progress_line()
  t.notebook("a.md", slow, slow)
  local code, out = at_terminal("TERM=xterm", "a.md", "sleep 5")
  lu.assertEquals(code, 0)
  t.in_order(out, { "\ra.md  cell 1 of 2", "\27[K", "\ra.md  cell 2 of 2", "\r\27[K", "report: out/a.html" })
  lu.assertNotStrContains(out, "printed")
end

function TestTerminal:test_line_fits_a_narrow_terminal()
  local name = string.rep("long", 30) .. ".md"
  t.notebook(name, slow)
  local _, out = at_terminal("TERM=xterm", name, "sleep 3")
  local drawn = assert(out:match("\r(long[^\r\27]*)\27%[K"))
  lu.assertEquals(#drawn, 59)
end

function TestTerminal:test_dumb_terminal()
  t.notebook("a.md", slow, "error('x')")
  local code, out = at_terminal("TERM=dumb", "a.md", "sleep 3")
  lu.assertEquals(code, 1)
  lu.assertNotStrContains(out, "\27")
end

function TestTerminal:test_colour()
  t.notebook("a.md", "error('x')")
  local _, out = at_terminal("-u NO_COLOR TERM=xterm", "a.md")
  lu.assertStrContains(out, "\27[31mpneuma: cell 1 failed: a.md:4: x\27[m")
  _, out = at_terminal("NO_COLOR=1 TERM=xterm", "a.md")
  lu.assertStrContains(out, "pneuma: cell 1 failed: a.md:4: x")
  lu.assertNotStrContains(out, "\27[31m")
end

function TestTerminal:test_names_cannot_steer_the_terminal()
  t.notebook("a\27[2Jb.md", slow)
  local _, out = at_terminal("TERM=xterm", t.quote("a\27[2Jb.md"), "sleep 3")
  lu.assertStrContains(out, "a?[2Jb.md  cell 1 of 1")
end

function TestTerminal:test_interrupt_from_the_keyboard()
  t.notebook("a.md", "while true do end")
  local code, out = at_terminal("TERM=xterm", "a.md", "(sleep 1; printf '\\003'; sleep 2)")
  lu.assertEquals(code, 130)
  lu.assertStrContains(out, "was interrupted by Ctrl-C")
end

function TestTerminal:test_a_line_now_and_then_elsewhere()
  t.notebook("a.md", "local till = os.time() + 7\nwhile os.time() < till do end")
  local code, out, err = t.run("a.md")
  lu.assertEquals(code, 0)
  lu.assertEquals(out, "report: out/a.html\n")
  lu.assertStrMatches(err, "a.md  cell 1 of 1, 5 s\n")
end

os.exit(lu.LuaUnit.run())
