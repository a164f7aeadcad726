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

function test_modules_are_strict_about_names()
  lu.assertErrorMsgContains("plot has no 'lines'; did you mean 'line'?", function()
    return pneuma.plot.lines
  end)
  lu.assertErrorMsgContains("tensor has no 'zero'; did you mean 'zeros'?", function()
    return pneuma.tensor.zero
  end)
  lu.assertErrorMsgContains("plot has no 'zzz'; it has: bar, barh, calibration, ", function()
    return pneuma.plot.zzz
  end)
  local ok, err = pcall(function() return pneuma.nn.LSTM end)
  lu.assertFalse(ok)
  lu.assertStrContains(tostring(err), "load_model, model_from_json, pretrained") -- the list's end
end

-- The functions that a stub declares: "module.name" -> true.
local function declared(name)
  local path = arg[0]:match("^(.*/)") .. "../../runtime/lua/stubs/" .. name .. ".lua"
  local found = {}
  for line in io.lines(path) do
    local what = line:match("^function ([%w_.:]+)%(")
    if what then found[what] = true end
  end
  return found
end

function test_every_function_is_documented_for_editors()
  for _, name in ipairs{"data", "frame", "image", "metrics", "nn", "plot", "stage", "system", "tensor"} do
    local stub = declared(name)
    for key, value in pairs(pneuma[name]) do
      -- on_result is how modules plug into each other, not for users
      if type(value) == "function" and key ~= "on_result" then
        lu.assertTrue(stub[name .. "." .. key], ("the stub of %s lacks %s"):format(name, key))
      end
    end
  end
  lu.assertTrue(declared("show").show)
end

os.exit(lu.LuaUnit.run())
