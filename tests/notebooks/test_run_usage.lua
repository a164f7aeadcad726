-- Wrong usage: exit code 2, a message that helps, and nothing run.
package.path = arg[0]:match("^(.*/)") .. "?.lua;" .. package.path
local lu = require "luaunit"
local t = require "support"

TestUsage = {}

function TestUsage:setUp()
  t.open()
  t.notebook("a.md", 'io.open("ran", "w"):close()')
end

function TestUsage:tearDown() t.close() end

local function refused(arguments, ...)
  local code, out, err = t.run(arguments)
  lu.assertEquals(code, 2, arguments .. ": " .. err)
  lu.assertEquals(out, "")
  for _, part in ipairs { ... } do lu.assertStrContains(err, part) end
  lu.assertFalse(t.exists("ran"), arguments)
end

function TestUsage:test_options()
  refused("--keepgoing a.md", "--keepgoing", "'--keep-going'")
  refused("-x a.md", "'-x'", "--help")
  refused("--show=1 a.md", "--show takes no value")
  refused("a.md --seed", "--seed needs a value")
  refused("--seed -1 a.md", "--seed", "'-1'")
  refused("--threads many a.md", "--threads", "'many'")
  refused("--threads 257 a.md", "256")
  refused("--timeout 0 a.md", "--timeout")
  refused("--timeout nan a.md", "--timeout")
  refused("--timeout 3s a.md", "'3s'")
  refused("-p epochs a.md", "NAME=VALUE")
  refused("-p =3 a.md", "NAME=VALUE")
  refused("-o '' a.md", "--output")
  refused("", "which notebook")
end

function TestUsage:test_notebooks()
  os.execute("mkdir " .. t.path("folder.md"))
  t.write("open.md", "text\n\n```lua\nprint(1)\n")
  t.write("twice.md", "```lua\n--| id: a\n```\n\n```lua\n--| id: a\n```\n")
  t.write("option.md", "```lua\n--| tag: parameters\n```\n")
  t.write("bytes.md", "caf\xe9\n")
  refused("missing.md", "missing.md")
  refused("a.md missing.md", "missing.md") -- looked at before the first one runs
  refused("folder.md", "folder.md")
  refused("open.md", "open.md:3")
  refused("twice.md", "twice.md:")
  refused("option.md", "option.md:2", "tags")
  refused("bytes.md", "bytes.md")
  refused("-p epochs=3 a.md", "no parameters")
end

function TestUsage:test_output_folder()
  t.write("file", "")
  refused("-o file a.md", "file")
  refused("-o file/below a.md", "file")
  refused("-o /proc/none a.md", "/proc/none")
end

function TestUsage:test_commands()
  local code, out, err = t.shell('"$P"')
  lu.assertEquals(code, 2)
  lu.assertEquals(out, "")
  lu.assertStrContains(err, "usage: pneuma COMMAND")
  code, _, err = t.shell('"$P" rnu a.md')
  lu.assertEquals(code, 2)
  lu.assertStrContains(err, "'run'")
  code, _, err = t.shell('"$P" a.md')
  lu.assertEquals(code, 2)
  lu.assertStrContains(err, "pneuma run a.md")
end

function TestUsage:test_help_and_version()
  for _, words in ipairs { "--help", "-h", "help" } do
    local code, out, err = t.shell('"$P" ' .. words)
    lu.assertEquals(code, 0)
    lu.assertStrContains(out, "usage: pneuma COMMAND")
    lu.assertEquals(err, "")
  end
  local code, out = t.shell('"$P" --version')
  lu.assertEquals(code, 0)
  lu.assertStrMatches(out, "pneuma %d+%.%d+%.%d+\n")
  code, out = t.run("missing.md --help")
  lu.assertEquals(code, 0)
  lu.assertStrContains(out, "usage: pneuma run")
end

function TestUsage:test_report_that_cannot_be_written()
  local code, _, err = t.run("--report none/x.json a.md")
  lu.assertEquals(code, 1)
  lu.assertStrContains(err, "none/x.json")
  lu.assertTrue(t.exists("out/a.html"))
end

function TestUsage:test_names_that_look_like_options()
  t.notebook("-a.md", "1")
  local code, out = t.run("-- -a.md")
  lu.assertEquals(code, 0)
  lu.assertEquals(out, "report: out/-a.html\n")
end

os.exit(lu.LuaUnit.run())
