-- Cells that put out more than a page can take.
package.path = arg[0]:match("^(.*/)") .. "?.lua;" .. package.path
local lu = require "luaunit"
local t = require "support"

TestLimits = {}

function TestLimits:setUp() t.open() end
function TestLimits:tearDown() t.close() end

function TestLimits:test_text_just_within_the_limit_stays_in_the_page()
  t.notebook("a.md", 'io.write(string.rep("x", 60 * 1024), "END")')
  local code, _, _, json = t.report("a.md")
  lu.assertEquals(code, 0)
  lu.assertStrContains(json, string.rep("x", 60 * 1024) .. "END")
  lu.assertEquals(t.list("out"), { "a.html" })
end

function TestLimits:test_long_text_goes_to_a_file()
  t.notebook("a.md", [[for i = 1, 50000 do print("line", i) end]])
  local code, _, _, json = t.report("a.md")
  lu.assertEquals(code, 0)
  lu.assertStrContains(json, '"spilled": "a.files/cell-1-stdout.txt"')
  t.in_order(json, { "line\\t1\\nline\\t2\\n", "bytes are left out here", "line\\t49999\\nline\\t50000\\n" })
  lu.assertTrue(#json < 80 * 1024)
  local lines = {}
  for i = 1, 50000 do lines[i] = "line\t" .. i .. "\n" end
  lu.assertTrue(t.read("out/a.files/cell-1-stdout.txt") == table.concat(lines), "the file is not whole")
end

function TestLimits:test_long_text_stands_before_what_is_shown_later()
  t.notebook("a.md", [[for i = 1, 50000 do print("line", i) end show("shown")]])
  local code, _, _, json = t.report("a.md")
  lu.assertEquals(code, 0)
  t.in_order(json, { "line\\t1\\n", "left out here", "line\\t50000\\n", '"spilled"', "shown" })
end

function TestLimits:test_cuts_stand_between_characters()
  t.notebook("a.md", [[io.write("a", string.rep("€", 100000))]])
  local _, _, _, json = t.report("a.md")
  lu.assertNotStrContains(json, "\xef\xbf\xbd")
end

function TestLimits:test_text_between_shown_values_keeps_its_place()
  t.notebook("a.md", 'io.write(string.rep("x", 50 * 1024), "HERE") show("shown")\nprint("after")')
  local _, _, _, json = t.report("a.md")
  t.in_order(json, { "HERE", "shown", "after" })
  lu.assertEquals(t.list("out"), { "a.html" })
end

function TestLimits:test_many_texts_between_shown_values_are_limited_together()
  t.notebook("a.md", [[
for i = 1, 40 do
  io.write(string.rep("x", 8 * 1024), "<", i, ">")
  show(i)
end]])
  local code, _, _, json = t.report("a.md")
  lu.assertEquals(code, 0)
  lu.assertTrue(#json < 100 * 1024, #json)
  lu.assertStrContains(t.read("out/a.files/cell-1-stdout.txt"), "<40>")
  lu.assertEquals(#t.read("out/a.files/cell-1-stdout.txt"):gsub("[^x]", ""), 40 * 8 * 1024)
end

function TestLimits:test_large_value_goes_to_a_file()
  t.notebook("a.md", [[
show(setmetatable({}, {__mime = {
  ["text/html"] = function() return string.rep("<b>x</b>", 2 << 20) end,
  ["text/plain"] = function() return "in short" end,
}}))]])
  local code, _, _, json = t.report("a.md")
  lu.assertEquals(code, 0)
  lu.assertStrContains(json, "a.files/cell-1-shown-1.html")
  lu.assertStrContains(json, "in short")
  lu.assertEquals(#t.read("out/a.files/cell-1-shown-1.html"), 8 * (2 << 20))
  lu.assertTrue(#t.read("out/a.html") < 1 << 20)
end

function TestLimits:test_page_is_bounded()
  t.notebook("a.md", 'for i = 1, 20 do show(string.rep("x", 7 << 20)) end')
  local code = t.run("a.md")
  lu.assertEquals(code, 0)
  lu.assertTrue(#t.read("out/a.html") < 110 << 20)
end

function TestLimits:test_countless_values()
  t.notebook("a.md", "for i = 1, 6000 do show(i) end")
  local code, _, _, json = t.report("a.md")
  lu.assertEquals(code, 0)
  lu.assertStrContains(json, "1000 more shown values and remarks are left out")
end

function TestLimits:test_endless_printing()
  t.notebook("a.md", 'while true do print(string.rep("y", 1000)) end')
  local code, _, _, json = t.report("--timeout 1 a.md")
  lu.assertEquals(code, 124)
  lu.assertTrue(#json < 80 * 1024)
  lu.assertStrContains(json, "cell-1-stdout.txt")
end

function TestLimits:test_endless_printing_in_the_background()
  t.notebook("a.md", 'os.execute("yes & sleep 0.2")\nshow("shown")', "2 + 2")
  local code, _, _, json = t.report("a.md")
  lu.assertEquals(code, 0)
  lu.assertStrContains(json, "shown")
end

function TestLimits:test_files_of_an_earlier_run_go_away()
  t.notebook("a.md", 'io.write(string.rep("x", 100000))')
  t.run("a.md")
  lu.assertEquals(t.list("out"), { "a.files", "a.html" })
  t.notebook("a.md", "1")
  t.run("a.md")
  lu.assertEquals(t.list("out"), { "a.html" })
end

function TestLimits:test_long_error_message()
  t.notebook("a.md", 'error(string.rep("x", 5 << 20))')
  local code, _, err, json = t.report("a.md")
  lu.assertEquals(code, 1)
  lu.assertTrue(#err < 200 * 1024, #err)
  lu.assertTrue(#json < 500 * 1024, #json)
end

os.exit(lu.LuaUnit.run())
