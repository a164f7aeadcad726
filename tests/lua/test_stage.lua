-- Stages from Lua, with the test plugins: isolated in helper processes, as anybody's are.
local lu = require "luaunit"

-- The plugins' folder and the cache must be in the environment before Lua starts.
if not os.getenv "STAGE_TEST_CHILD" then
  local folder = os.tmpname()
  os.remove(folder)
  local command = string.format(
    "STAGE_TEST_CHILD='%s' PNEUMA_STAGES=\"$PNEUMA_TEST_PLUGINS\" PNEUMA_CACHE='%s' \"$PNEUMA_LUA\" '%s'",
    folder, folder, arg[0])
  local ok, _, code = os.execute(command)
  os.execute("rm -rf '" .. folder .. "'")
  os.exit(ok and 0 or code)
end

local pneuma = require "pneuma"
local stage, tensor = pneuma.stage, pneuma.tensor
local folder = os.getenv "STAGE_TEST_CHILD"

local function refused(text, f, ...)
  local ok, e = pcall(f, ...)
  lu.assertFalse(ok, "expected an error with: " .. text)
  lu.assertStrContains(tostring(e), text)
  return e
end

local function image(...)
  return tensor{{...}, dtype = "uint8"}
end

TestCalls = {}

function TestCalls:test_lists_and_single_arrays()
  local one = stage.invert{image(0, 1, 2)}
  lu.assertEquals(one:totable(), {{255, 254, 253}})
  local list = stage.invert{{image(0, 1, 2), image(7)}, top = 10}
  lu.assertEquals(#list, 2)
  lu.assertEquals(list[2]:totable(), {{3}})
  lu.assertEquals(#stage.invert{{image(9)}}, 1) -- a list stays a list
  lu.assertEquals(stage.invert{images = {}}, {})
  lu.assertEquals(stage.invert{images = image(5)}:totable(), {{250}})
end

function TestCalls:test_views_are_inputs_too()
  local x = tensor{{1, 2, 3}, {4, 5, 6}, dtype = "uint8"}
  lu.assertEquals(stage.invert{x[{{}, {2, 3}}], top = 10}:totable(), {{8, 7}, {5, 4}})
end

function TestCalls:test_several_results()
  local r = stage.measure{tensor{1, 2, 3.5}, {"a", "b\0c"}}
  lu.assertEquals(r.sum:totable(), {6.5})
  lu.assertEquals(r.names, {"a", "a", "b\0c", "b\0c"})
  lu.assertEquals(#r.parts, 3)
  lu.assertEquals(r.parts[3]:item(), 3.5)
  lu.assertEquals(tostring(r), "results of stage.measure\n  sum: float32 (1,)\n  names: 4 strings\n  parts: 3 arrays")
  local order = {}
  for name in pairs(r) do order[#order + 1] = name end
  lu.assertEquals(order, {"sum", "names", "parts"})
  lu.assertEquals(stage.measure{tensor{1}}.names, {}) -- an optional input
  lu.assertEquals(stage.measure{tensor{1}, "x"}.names, {"x", "x"})
  lu.assertEquals(stage.measure{numbers = tensor{1}, names = {"x"}}.names, {"x", "x"})
end

function TestCalls:test_seeds()
  local a, b, c = stage.draw{seed = 1}, stage.draw{seed = 1}, stage.draw{seed = 2}
  lu.assertEquals(a.values:totable(), b.values:totable())
  lu.assertNotEquals(a.values:totable(), c.values:totable())
  lu.assertEquals(stage.draw{}.values:totable(), stage.draw{seed = 0}.values:totable())
  refused("takes no seed", stage.invert, {image(1), seed = 3})
  refused("seed must be a whole number", stage.draw, {seed = "x"})
end

function TestCalls:test_parameters_are_checked()
  local x = image(1)
  refused("no parameter or input 'tip'; did you mean 'top'?", stage.invert, {x, tip = 1})
  refused("parameter top must lie between 0 and 255, not 256", stage.invert, {x, top = 256})
  refused("parameter top must be a whole number, not 1.5", stage.invert, {x, top = 1.5})
  refused("parameter top must be a whole number, not the string '1'", stage.invert, {x, top = "1"})
  refused("parameter loud must be true or false, not 1", stage.invert, {x, loud = 1})
  refused("parameter gain must be a finite number", stage.invert, {x, gain = 0 / 0})
  refused("did you mean 'slow'?", stage.invert, {x, speed = "slo"})
  refused("parameter speed must be a string, not a table", stage.invert, {x, speed = {}})
  lu.assertEquals(stage.invert{x, top = 3.0}:totable(), {{2}})
  lu.assertEquals(stage.invert{x, gain = 2, top = 3}:totable(), {{4}})
  refused("needs the parameter dir: folder", stage.read_folder, {})
end

function TestCalls:test_inputs_are_checked()
  refused("stage.invert needs the input images", stage.invert, {})
  refused("input images must be uint8, not float32", stage.invert, {tensor{{1}}})
  refused("input images must have 2 to 3 axes, not the shape (1,)", stage.invert, {tensor{1, dtype = "uint8"}})
  refused("item 2 of input images must be a tensor, not a number", stage.invert, {{image(1), 5}})
  refused("must be a tensor or an array of tensors, not a boolean", stage.invert, {true})
  refused("takes 1 unnamed value; [2] is one too many", stage.invert, {image(1), image(2)})
  refused("stage.read_folder takes its parameters by name: stage.read_folder{dir = ...}",
          stage.read_folder, {"folder"})
  refused("input images is given twice", stage.invert, {image(1), images = image(2)})
  refused("input numbers must be one array, not a list", stage.measure, {{tensor{1}}})
  refused("input numbers must be an array, not a string", stage.measure, {"x"})
  refused("input names must be strings, not an array", stage.measure, {tensor{1}, tensor{1}})
  refused("takes one table: stage.invert{...}, not a tensor", stage.invert, image(1))
end

TestModule = {}

function TestModule:test_list_and_info()
  local text = tostring(stage.list())
  lu.assertStrContains(text, "invert")
  lu.assertStrContains(text, "[isolated]")
  lu.assertStrContains(text, "abi2.so': built for stage ABI 2, this Pneuma speaks 1")
  local info = stage.info "invert"
  lu.assertEquals({info.name, info.version, info.isolated, info.seed}, {"invert", "1", true, false})
  lu.assertEquals(info.params[1].maximum, 255)
  lu.assertEquals(info.params[2].choices, {"fast", "slow"})
  lu.assertEquals(info.inputs[1].kind, "arrays")
  lu.assertStrContains(tostring(info), "top       int from 0 to 255, default 255: white")
  lu.assertEquals(tostring(info), tostring(stage.invert))
end

function TestModule:test_unknown_stages()
  local e = refused("there is no stage 'inver'; did you mean 'invert'?", function() return stage.inver end)
  lu.assertEquals(e.kind, "not found")
  e = refused("stage.abi2 cannot be used", function() return stage.abi2 end)
  lu.assertEquals(e.kind, "stage")
  lu.assertStrContains(e.path, "abi2.so")
  refused("there is no stage 'zzz'", stage.info, "zzz")
end

function TestModule:test_results_can_become_objects()
  stage.on_result("draw", function(result, arguments)
    return {n = result.values.size, asked = arguments.count}
  end)
  lu.assertEquals(stage.draw{count = 4}, {n = 4, asked = 4})
  stage.on_result("draw", function(result) return result end)
end

TestEvents = {}

-- Calls stage.steps and returns the events heard and its results.
local function hear(arguments, options)
  local heard = {}
  options = options or {}
  local event = options.event
  function options.event(text)
    heard[#heard + 1] = text
    if event then return event(text) end
  end
  return heard, stage.call("steps", arguments, options)
end

local three = {'{"step": 0}', '{"step": 1}', '{"step": 2}'}

function TestEvents:test_they_are_heard_live_and_again()
  for _ = 1, 2 do
    local heard, r = hear{steps = 3, ms = 2}
    lu.assertEquals(heard, three)
    lu.assertEquals(#r.answers, 0)
  end
  lu.assertEquals(stage.steps{steps = 3, ms = 2}.found:item(), 0) -- without anybody to hear them
  lu.assertEquals(stage.call("measure", {tensor{1, 2}}).sum:totable(), {3})
end

function TestEvents:test_an_error_stops_the_stage_and_is_raised()
  local seen = 0
  for _, thing in ipairs{"a string", {kind = "mine"}} do
    for _, arguments in ipairs{{steps = 900, ms = 1}, {steps = 3, ms = 1}} do
      local ok, e = pcall(stage.call, "steps", arguments, {event = function()
        seen = seen + 1
        error(thing, 0)
      end})
      lu.assertFalse(ok)
      lu.assertTrue(rawequal(e, thing) or e == thing)
    end
  end
  lu.assertEquals(seen, 4) -- nothing is heard after an error
  refused("must return a string or nothing, not a table", hear, {ms = 3}, {event = function() return {} end})
  refused("attempt to yield", hear, {ms = 4}, {event = coroutine.yield})
  lu.assertEquals(#hear{steps = 3, ms = 1}, 3)
end

function TestEvents:test_in_a_coroutine_and_within_each_other()
  local result = coroutine.wrap(function()
    local heard = hear({steps = 2, ms = 5}, {event = function(text)
      lu.assertEquals(#hear{steps = 3, ms = 1}, 3)
      collectgarbage()
    end})
    return heard
  end)()
  lu.assertEquals(#result, 2)
  refused("cannot run inside an event of a stage from the same plugin", hear, {steps = 2, ms = 6}, {
    event = function() stage.steps{steps = 4, ms = 6} end,
  })
end

function TestEvents:test_options_are_checked()
  refused("stage.call has no option 'evnt'; did you mean 'event'?", stage.call, "steps", {}, {evnt = print})
  refused("option 'event' must be a function, not a number", stage.call, "steps", {}, {event = 1})
  refused("option 'uncache' must be a string", stage.call, "steps", {}, {uncache = true})
  refused("there is no stage 'stps'; did you mean 'steps'?", stage.call, "stps", {})
  refused("stage.steps takes one table", stage.call, "steps", 5)
  refused("stage.call takes a stage's name, not table", stage.call, {})
end

function TestEvents:test_uncached_calls_run_each_time()
  local arguments, options = {steps = 2, ms = 7}, {uncache = "not cached: it may be steered"}
  local first = stage.call("steps", arguments, options)
  lu.assertNotEquals(stage.call("steps", arguments, options).folder, first.folder)
end

function TestModule:test_a_crash_is_an_error_and_no_more()
  local e = refused("crashed: signal", stage.naughty, {what = "crash"})
  lu.assertEquals(e.kind, "stage")
  lu.assertStrContains(tostring(e), "test_stage.lua:")
  lu.assertEquals(stage.naughty{}.shape, {2})
end

function TestModule:test_memory_is_given_back()
  local x = tensor.zeros{1000, 1000, dtype = "uint8"}
  for i = 1, 50 do stage.invert{x, top = i} end
  local status = io.open "/proc/self/status":read "a"
  lu.assertTrue(tonumber(status:match "VmRSS:%s*(%d+)") < 400000)
end

local code = lu.LuaUnit.run()
-- What stays open would keep the cache's folder in use.
stage, tensor = nil, nil
collectgarbage()
os.exit(code)
