-- The stages train, evaluate, predict and extract: what they make of files and classes, what they
-- tell from the cache, and that a training which is killed goes on to the same bits.
local lu = require "luaunit"
local pneuma = require "pneuma"
local stage, tensor, image = pneuma.stage, pneuma.tensor, pneuma.image
local folder = require("support").folder

local function layer(class, name, rest)
  return ('{"class_name":"%s","config":{"name":"%s"%s}}'):format(class, name, rest)
end

local function model(frozen)
  local first = ',"filters":3,"kernel_size":3,"activation":"relu","trainable":' .. tostring(not frozen)
  return ('{"class_name":"Sequential","config":{"name":"small","layers":[%s]}}'):format(table.concat({
    layer("InputLayer", "in", ',"batch_input_shape":[null,8,8,1]'),
    layer("Conv2D", "conv", first),
    layer("Flatten", "flat", ""),
    layer("Dropout", "drop", ',"rate":0.2'),
    layer("Dense", "last", ',"units":1,"activation":"sigmoid"'),
  }, ","))
end

local function weights()
  return {tensor.normal{3, 3, 1, 3, std = 0.3, seed = 1}, tensor.zeros{3},
          tensor.normal{108, 1, std = 0.1, seed = 2}, tensor.zeros{1}}
end

local function call(name, arguments, heard)
  return stage.call(name, arguments, {event = function(text) heard[#heard + 1] = text end})
end

local function fails(message, name, arguments)
  local ok, err = pcall(call, name, arguments, {})
  lu.assertFalse(ok)
  lu.assertStrContains(tostring(err), message)
end

-- Arguments for samples of which the bright ones are of class 1.
local function on_tensors(more)
  local level = tensor.uniform{60, 1, 1, 1, seed = 3}
  local x = level + tensor.uniform{60, 8, 8, 1, seed = 4} * 0.2
  local a = {
    architecture = {model()}, weights = weights(), x = x, y = level:reshape{-1}:gt(0.5),
    source = '{"kind":"tensors","batch_size":8,"shuffle":true,"seed":7}',
    loss = "binary_crossentropy", metrics = '["accuracy"]', epochs = 3, seed = 9,
  }
  for name, value in pairs(more or {}) do a[name] = value end
  return a
end

local function same(a, b)
  lu.assertEquals(#a, #b)
  for i, w in ipairs(a) do lu.assertTrue(w:eq(b[i]):all()) end
end

TestTrain = {}

function TestTrain:test_events_come_again_from_the_cache()
  local live, again = {}, {}
  local arguments = on_tensors{seed = 21}
  local a, b = call("train", arguments, live), call("train", arguments, again)
  lu.assertEquals(#live, 4)
  lu.assertStrContains(live[1], '"event":"begin","epochs":3,"steps":8,"samples":60')
  lu.assertStrContains(live[4], '"event":"epoch","epoch":3')
  lu.assertEquals(again, live) -- the seconds, too: it is a cached one
  same(a.weights, b.weights)
  lu.assertEquals(a.history, b.history)
  lu.assertTrue(a.slots:eq(tensor{0, 1, 2, 3, dtype = "int32"}):all())
end

function TestTrain:test_class_weights()
  local function train(class_weight) return call("train", on_tensors{class_weight = class_weight}, {}) end
  local positive = on_tensors().y:sum()
  local balanced = train("balanced")
  same(balanced.weights, train(("[%.17g,%.17g]"):format(60 / (2 * (60 - positive)), 60 / (2 * positive))).weights)
  lu.assertStrContains(balanced.history[1], '"unweighted_loss"')
  lu.assertNotStrContains(train("").history[1], '"unweighted_loss"')
  fails("class_weight names '2', which is no class", "train", on_tensors{class_weight = '{"0":1,"2":1}'})
  fails("class_weight is no JSON", "train", on_tensors{class_weight = "{0:1}"})
end

function TestTrain:test_one_class()
  local arguments = on_tensors()
  arguments.y = arguments.y * 0 + 1
  fails("all 60 training samples are of one class, '1'", "train", arguments)
  arguments.one_class = true
  call("train", arguments, {})
end

function TestTrain:test_what_is_wrong_is_named()
  fails("there is no optimizer 'adm'; did you mean 'Adam'?", "train", on_tensors{optimizer = "adm"})
  fails("there is no loss 'bce'", "train", on_tensors{loss = "bce"})
  fails("there is no training data", "train", on_tensors{source = ""})
  fails("metrics is no JSON", "train", on_tensors{metrics = "[accuracy]"})
  local arguments = on_tensors{optimizer = '{"class_name":"SGD","config":{"learning_rate":1e30}}'}
  fails("in epoch 1, step 2 of 8", "train", arguments)
  arguments = on_tensors()
  arguments.x = arguments.x:reshape{60, 4, 16, 1}
  fails("'small' takes inputs of (None, 8, 8, 1), the training data's are (None, 4, 16, 1)", "train",
        arguments)
end

function TestTrain:test_rows_are_of_samples()
  local arguments = on_tensors()
  local shuffled = {architecture = arguments.architecture, weights = arguments.weights,
                    x = arguments.x, y = arguments.y, source = arguments.source}
  local p = call("predict", shuffled, {})
  lu.assertEquals(p.output.shape, {60, 1})
  shuffled.source = '{"kind":"tensors","batch_size":60}'
  lu.assertTrue((p.output - call("predict", shuffled, {}).output):abs():max() < 1e-6)
  lu.assertTrue(p.label:eq(arguments.y):all())
  shuffled.layer = "conv"
  local f = call("extract", shuffled, {})
  lu.assertEquals(f.features.shape, {60, 6, 6, 3})
  lu.assertEquals(f.y.shape, {60, 1})
  shuffled.layer = "conf"
  fails("did you mean 'conv'?", "extract", shuffled)
end

-- ---- in processes of their own ----

TestProcesses = {}

function TestProcesses:setUp() self.dir = folder() end
function TestProcesses:tearDown() self.dir:remove() end

-- Runs Lua with a cache in the folder. What it printed, and whether it ended well. It is stopped
-- when it takes far too long: whoever stops this test would leave it behind.
function TestProcesses:run(script)
  local path = self.dir:write("script.lua", script)
  local command = ("PNEUMA_CACHE='%s' timeout -k 5 100 \"$PNEUMA_LUA\" '%s' 2>&1"):format(
    self.dir:path("cache"), path)
  local pipe = assert(io.popen(command))
  local text = pipe:read("a")
  local ok = pipe:close()
  return text, ok
end

local function file_script(dir, more)
  return ([[
    local pneuma = require "pneuma"
    local tensor, stage = pneuma.tensor, pneuma.stage
    local paths = {}
    for i = 1, 12 do paths[i] = "%s/" .. i .. ".png" end
    local arguments = {
      architecture = {%q}, paths = paths,
      weights = {tensor.normal{3, 3, 1, 3, seed = 1}, tensor.zeros{3},
                 tensor.normal{108, 1, std = 0.1, seed = 2}, tensor.zeros{1}},
      y = tensor{0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, dtype = "int32"},
      source = '{"kind":"files","target_size":[8,8],"color_mode":"grayscale","class_mode":"binary",'
        .. '"classes":["A","B"],"batch_size":4,"shuffle":true,"generator":{"rescale":0.01}}',
    }
    local function train()
      arguments.loss, arguments.epochs = "binary_crossentropy", 2
      return stage.call("train", arguments)
    end
    %s]]):format(dir, model(true), more)
end

function TestProcesses:test_a_corrupt_image_is_skipped_and_reported()
  for i = 1, 12 do
    image.write{tensor.full{8, 8, value = i % 2 == 0 and 180 or 40, dtype = "uint8"},
                self.dir:path(i .. ".png")}
  end
  local text = self:run(file_script(self.dir.name, "print(#train().weights)"))
  lu.assertNotStrContains(text, "could not be read")
  lu.assertStrContains(text, "the frozen layers up to 'flat' are computed anew in every epoch")
  self.dir:write("5.png", "no image at all")
  text = self:run(file_script(self.dir.name, [[
    local r = train()
    print(#r.weights, r.history[1])
    local p = stage.call("predict", {architecture = arguments.architecture, paths = paths,
      weights = arguments.weights, y = arguments.y, source = arguments.source})
    local unread = {}
    for i = 1, 12 do
      if p.read[i] == 0 then unread[#unread + 1] = i end
    end
    print(table.concat(unread, " "), p.output[5][1] ~= p.output[5][1])]]))
  lu.assertStrContains(text, "1 of the training files could not be read and is left out")
  lu.assertStrContains(text, self.dir:path("5.png") .. ": ")
  lu.assertStrContains(text, "5\ttrue")
  lu.assertStrContains(text, '"loss":[')
end

-- A training that kills its process when it tells of epoch `last`; what it learned is printed when
-- it lives to its end. Its steps are few, so that a busy machine gets through them in time.
local function mortal_script(last)
  return ([[
    local pneuma = require "pneuma"
    local tensor, stage = pneuma.tensor, pneuma.stage
    local function event(text)
      if text:find('"epoch":%d,', 1, true) then os.execute("kill -KILL $PPID") end
    end
    local x = tensor.uniform{64, 8, 8, 1, seed = 4}
    local r = stage.call("train", {
      architecture = {%q}, x = x, y = x[{{}, 1, 1, 1}]:gt(0.5),
      weights = {tensor.normal{3, 3, 1, 3, seed = 1}, tensor.zeros{3},
                 tensor.normal{108, 1, std = 0.1, seed = 2}, tensor.zeros{1}},
      source = '{"kind":"tensors","batch_size":4,"shuffle":true,"seed":7}',
      loss = "binary_crossentropy", epochs = 40, seed = 9,
      callbacks = '[{"class_name":"ReduceLROnPlateau","config":{"monitor":"loss","patience":2}}]'},
      {event = event})
    for _, w in ipairs(r.weights) do
      for i = 1, w.size do io.write(("%%a "):format(w:reshape{-1}[i])) end
    end
    print(r.history[1])]]):format(last, model())
end

-- When it tells of an epoch, the one before is in the checkpoint.
function TestProcesses:test_killed_and_started_again_it_ends_with_the_same_bits()
  local wanted = self:run(mortal_script(0))
  lu.assertStrContains(wanted, '"loss":[')
  os.execute("rm -rf '" .. self.dir:path("cache") .. "'")
  for _, last in ipairs{1, 2, 9, 10, 40} do
    local text, ok = self:run(mortal_script(last))
    lu.assertNil(ok, text)
    local pipe = assert(io.popen("find '" .. self.dir.name .. "' -name training.safetensors"))
    lu.assertEquals(#pipe:read("a") > 0, last > 1, last)
    pipe:close()
  end
  lu.assertEquals(self:run(mortal_script(0)), wanted)
end

os.exit(lu.LuaUnit.run())
