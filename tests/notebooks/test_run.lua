-- Runs that end by themselves: what is in the report, in which order, and the exit code.
package.path = arg[0]:match("^(.*/)") .. "?.lua;" .. package.path
local lu = require "luaunit"
local t = require "support"

TestRun = {}

function TestRun:setUp() t.open() end
function TestRun:tearDown() t.close() end

function TestRun:test_report_and_quiet_streams()
  t.notebook("a.md", 'print("one")', "1 + 1")
  local code, out, err = t.run("a.md")
  lu.assertEquals(code, 0)
  lu.assertEquals(out, "report: out/a.html\n")
  lu.assertEquals(err, "")
  t.in_order(t.read("out/a.html"), { "one", "2" })
  lu.assertEquals(t.list("out"), { "a.html" })
end

function TestRun:test_outputs_keep_their_order()
  t.notebook("a.md", [[
print("first")
show("second")
io.write("third ")
os.execute("echo fourth")
show("fifth")
io.stdout:write("sixth\n")
local p = io.popen("cat; echo seventh", "w")
p:close()
show("eighth")]], '"ninth"')
  local code, _, _, json = t.report("a.md")
  lu.assertEquals(code, 0)
  t.in_order(json, { '"first\\n"', "second", "third fourth\\n", "fifth", "sixth\\nseventh\\n",
    "eighth", "ninth" })
end

function TestRun:test_streams_are_told_apart()
  t.notebook("a.md", 'io.stderr:write("bad\\n") show(1) print("good")')
  local code, _, err, json = t.report("a.md")
  lu.assertEquals(code, 0)
  lu.assertEquals(err, "")
  t.in_order(json, { "bad", '"stderr"', "good", '"stdout"' })
end

function TestRun:test_standard_input_is_empty()
  t.notebook("a.md", 'print(io.read("l"), #io.read("a"))')
  local code, _, _, json = t.report("a.md")
  lu.assertEquals(code, 0)
  lu.assertStrContains(json, "nil\\t0\\n")
end

function TestRun:test_show_draws_in_the_terminal()
  t.notebook("a.md", 'print("printed") show("shown")\nlocal _ = io.stderr:write("complaint\\n")')
  local code, out, err = t.run("--show a.md")
  lu.assertEquals(code, 0)
  lu.assertEquals(out, "printed\nshown\nreport: out/a.html\n")
  lu.assertStrContains(err, "complaint\n")
end

function TestRun:test_reader_that_goes_away()
  t.notebook("a.md", "for i = 1, 100000 do print(i) end")
  local code, _, err = t.shell('{ "$P" run --show a.md; echo "code $?" >&2; } | head -1')
  lu.assertEquals(code, 0)
  lu.assertStrContains(err, "cannot write to standard output\ncode 1")
  lu.assertTrue(t.exists("out/a.html"))
end

function TestRun:test_terminal_form_stays_out_of_the_page()
  t.notebook("a.md", [[
show(setmetatable({}, {__mime = {
  ["image/svg+xml"] = function() return "<svg></svg>" end,
  ["text/plain"] = function() return "a figure" end,
  ["text/x-terminal"] = function() return "drawn" end,
}}))]])
  local code, out, _, json = t.report("--show a.md")
  lu.assertEquals(code, 0)
  lu.assertStrContains(out, "drawn\n")
  t.in_order(json, { '"image/svg+xml": "<svg></svg>"', '"text/plain": "a figure"' })
  lu.assertNotStrContains(json, "drawn")
end

function TestRun:test_png_is_base64_in_the_report()
  t.notebook("a.md", [[
for _, bytes in ipairs {"\255", "\0\1", "abc"} do
  show(setmetatable({}, {__mime = {["image/png"] = function() return bytes end,
                                   ["text/plain"] = function() return "png" end}}))
end]])
  local code, _, _, json = t.report("a.md")
  lu.assertEquals(code, 0)
  t.in_order(json, { '"/w=="', '"AAE="', '"YWJj"' })
end

function TestRun:test_failed_cell_ends_the_run()
  t.notebook("a.md", 'print("before")', "local x = nil\nx.y = 1", 'print("never")')
  local code, out, err, json = t.report("a.md")
  lu.assertEquals(code, 1)
  lu.assertEquals(out, "report: out/a.html\n")
  lu.assertStrContains(err, "cell 2 failed: a.md:9: ")
  t.in_order(json, { "before", '"line": 9', '"failed"', '"waiting"', '"end": "failed"', '"exit": 1' })
  lu.assertNotStrContains(json, "never")
end

function TestRun:test_keep_going()
  t.notebook("a.md", 'error("boom")', 'print("still here")')
  local code, _, _, json = t.report("--keep-going a.md")
  lu.assertEquals(code, 1)
  lu.assertStrContains(json, "still here")
end

function TestRun:test_expected_error()
  t.notebook("a.md", '--| expect-error: true\nerror("as planned")', 'print("on")')
  local code, _, err, json = t.report("a.md")
  lu.assertEquals(code, 0)
  lu.assertEquals(err, "")
  t.in_order(json, { "as planned", '"expected"', "on\\n" })
end

function TestRun:test_expected_error_that_does_not_come()
  t.notebook("a.md", "--| expect-error: true\nlocal x = 1")
  local code, _, err = t.run("a.md")
  lu.assertEquals(code, 1)
  lu.assertStrContains(err, "expect-error")
end

local parameters = '--| tags: parameters\nlocal epochs = 10\nlocal name = "x"\nlocal big = false'

function TestRun:test_parameters()
  t.notebook("a.md", parameters, "print(epochs + 1, name, big)")
  local code, _, _, json = t.report("-p epochs=3 -pname='a b' --parameter=big=true a.md")
  lu.assertEquals(code, 0)
  lu.assertStrContains(json, "4\\ta b\\ttrue\\n")
  t.in_order(json, { '"big": "true"', '"epochs": "3"', '"name": "\\"a b\\""' })
end

-- The report shows the source with its own values; what -p changed stands below it.
function TestRun:test_overridden_parameters_are_told()
  t.notebook("a.md", parameters, "epochs")
  local code, _, err = t.run("--show -p epochs=3 -p name='<a>' a.md")
  lu.assertEquals(code, 0, err)
  t.in_order(t.read("out/a.html"), { 'id="cell-1"', '<strong>note</strong> epochs = 3 (from -p), '
    .. 'name = &quot;&lt;a&gt;&quot; (from -p)</p>', 'id="cell-2"' })
  lu.assertStrContains(err, 'note: epochs = 3 (from -p), name = "<a>" (from -p)\n')
  t.run("a.md")
  lu.assertNotStrContains(t.read("out/a.html"), "from -p")
end

function TestRun:test_unknown_parameter()
  t.notebook("a.md", parameters, 'print("never")')
  local code, _, err = t.run("a.md")
  lu.assertEquals(code, 0, err)
  local page = t.read("out/a.html")
  code, _, err = t.run("-p epoch=3 a.md")
  lu.assertEquals(code, 2)
  lu.assertStrContains(err, "'a.md' has no parameter 'epoch'; did you mean 'epochs'?")
  lu.assertEquals(t.read("out/a.html"), page) -- the report of the good run stays
end

function TestRun:test_seed_and_threads_are_told()
  t.notebook("a.md", "1")
  local _, _, _, json = t.report("--seed 7 --threads 1 a.md")
  lu.assertStrContains(json, '"seed": 7')
  lu.assertStrContains(json, '"threads": 1')
end

function TestRun:test_several_notebooks_and_the_worst_code()
  t.notebook("good.md", 'print("fine")')
  t.notebook("bad.md", 'error("boom")')
  local code, out, _, json = t.report("bad.md good.md")
  lu.assertEquals(code, 1)
  lu.assertEquals(out, "report: out/bad.html\nreport: out/good.html\n")
  lu.assertEquals(json:sub(1, 1), "[")
  t.in_order(json, { "boom", "fine" })
end

function TestRun:test_same_name_in_two_folders()
  os.execute("mkdir " .. t.path("x") .. " " .. t.path("y"))
  t.notebook("x/a.md", 'print("from x")')
  t.notebook("y/a.md", 'print("from y")')
  local code, out = t.run("x/a.md y/a.md")
  lu.assertEquals(code, 0)
  lu.assertEquals(out, "report: out/a.html\nreport: out/a-2.html\n")
  lu.assertStrContains(t.read("out/a.html"), "from x")
  lu.assertStrContains(t.read("out/a-2.html"), "from y")
end

function TestRun:test_odd_paths()
  os.execute("mkdir " .. t.quote(t.path("my files")))
  local name = "my files/caf\xe9 \xc3\xa9 'q' %s.md"
  t.notebook(name, 'print("odd")', "error('x')")
  local code, out, err, json = t.report("-o 'the reports/of today' " .. t.quote(name))
  lu.assertEquals(code, 1)
  lu.assertEquals(out, "report: the reports/of today/caf\xe9 \xc3\xa9 'q' %s.html\n")
  lu.assertStrContains(err, "cell 2 failed: ")
  lu.assertStrContains(json, "odd\\n")
  lu.assertStrContains(t.read("the reports/of today/caf\xe9 \xc3\xa9 'q' %s.html"), "odd")
end

function TestRun:test_working_directory_is_the_callers()
  os.execute("mkdir " .. t.path("books"))
  t.notebook("books/a.md", 'io.open("made here", "w"):write("yes")')
  local code = t.run("books/a.md")
  lu.assertEquals(code, 0)
  -- Nobody closed the file: the worker's orderly end did.
  lu.assertEquals(t.read("made here"), "yes")
end

function TestRun:test_text_that_is_not_utf8()
  t.notebook("a.md", 'print("a\\xffb\\0c") show("\\xfe") error("\\xfd")')
  local code, _, _, json = t.report("a.md")
  lu.assertEquals(code, 1)
  t.in_order(json, { "a\xef\xbf\xbdb\\u0000c", "\xef\xbf\xbd" })
end

function TestRun:test_empty_notebook()
  t.write("a.md", "Only prose.\n")
  lu.assertEquals((t.run("a.md")), 0)
  lu.assertStrContains(t.read("out/a.html"), "a.md")
end

function TestRun:test_deep_recursion()
  t.notebook("a.md", "local function f() return 1 + f() end\nf()")
  local code, _, err = t.run("a.md")
  lu.assertEquals(code, 1)
  lu.assertStrContains(err, "stack overflow")
end

function TestRun:test_error_values_of_every_kind()
  for source, message in pairs {
    ["error(42)"] = "a.md:4: 42", ["error()"] = "a.md:4: (error was called without a message)",
    ["error{code = 1, message = 'no luck'}"] = "a.md:4: no luck",
    ["error{}"] = "a.md:4: (error object is a table value)",
    ["error(setmetatable({}, {__tostring = function() return 'itself' end}))"] = "a.md:4: itself",
    ["error(setmetatable({}, {__tostring = function() error('inner') end}))"] = "a.md:4: inner",
  } do
    t.notebook("a.md", source)
    local code, _, err = t.run("a.md")
    lu.assertEquals(code, 1)
    lu.assertStrContains(err, "cell 1 failed: " .. message .. "\n")
  end
end

function TestRun:test_error_in_a_notebook_with_a_long_name()
  local name = ("a_long_name_"):rep(8) .. ".md"
  t.notebook(name, "error('x')")
  local _, _, err = t.run(name)
  lu.assertStrContains(err, ("cell 1 failed: %s:4: x\n"):format(name))
end

-- As deep as the stock interpreter goes, less what the cell itself takes.
function TestRun:test_coroutines_within_coroutines()
  t.notebook("a.md", "local function nest(n)\n"
    .. "  return coroutine.wrap(function() return n == 0 and 0 or 1 + nest(n - 1)() end)\n"
    .. "end\nprint(nest(80)())")
  local code, _, err, json = t.report("a.md")
  lu.assertEquals(code, 0, err)
  lu.assertStrContains(json, "80\\n")
end

function TestRun:test_error_in_a_coroutine()
  t.notebook("a.md", 'local co = coroutine.wrap(function()\n  error("inside")\nend)\nco()')
  local code, _, err = t.run("a.md")
  lu.assertEquals(code, 1)
  lu.assertStrContains(err, "a.md:5: inside")
end

function TestRun:test_syntax_error()
  t.notebook("a.md", "local x = 1", "x = = 2")
  local code, _, err = t.run("a.md")
  lu.assertEquals(code, 1)
  lu.assertStrContains(err, "a.md:8:")
end

os.exit(lu.LuaUnit.run())
