-- require "pneuma": the module loads in the interpreter that runs the tests.
local lu = require "luaunit"
local pneuma = require "pneuma"

function test_shows_are_functions()
  lu.assertIsTable(pneuma)
  lu.assertIsFunction(pneuma.show)
  lu.assertIsFunction(pneuma.globals)
end

function test_globals_are_made_on_request()
  lu.assertNil(rawget(_G, "show"))
  pneuma.globals()
  lu.assertIsFunction(show)
  show = nil
end

os.exit(lu.LuaUnit.run())
