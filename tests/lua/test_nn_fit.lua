-- nn: compile, fit, callbacks, history, evaluate, predict.
local lu = require "luaunit"
local pneuma = require "pneuma"
local nn, tensor, data, image = pneuma.nn, pneuma.tensor, pneuma.data, pneuma.image
local folder = require("support").folder

local function fails(message, f, ...)
  local ok, err = pcall(f, ...)
  lu.assertFalse(ok)
  lu.assertStrContains(tostring(err), message)
  return err
end

-- Calls f and returns what it printed, line by line, and its result.
local function printed(f)
  local lines, old = {}, print
  print = function(...) lines[#lines + 1] = table.concat({...}, "\t") end
  local ok, result = pcall(f)
  print = old
  if not ok then error(result, 0) end
  return lines, result
end

local function quietly(f)
  return select(2, printed(f))
end

-- Bright images are of class 1.
local function samples(n, seed)
  local level = tensor.uniform{n, 1, 1, 1, seed = seed}
  local x = level + tensor.uniform{n, 6, 6, 1, seed = seed + 100} * 0.1
  return x, level:reshape{-1}:gt(0.5)
end

local function net(seed)
  return nn.Sequential{
    nn.Input{6, 6, 1}, nn.Conv2D{4, 3, activation = "relu"}, nn.Flatten{}, nn.Dropout{0.1},
    nn.Dense{1, activation = "sigmoid"}, seed = seed,
  }
end

local function compiled(optimizer)
  return net():compile{optimizer = optimizer or nn.Adam{0.01}, loss = "binary_crossentropy",
                       metrics = {"accuracy"}}
end

local x, y = samples(96, 1)
local vx, vy = samples(32, 2)

TestCompile = {}

function TestCompile:test_objects_and_names()
  local m = net()
  m:compile{optimizer = nn.SGD{learning_rate = nn.ExponentialDecay{0.1, 10, 0.5}, momentum = 0.9},
            loss = nn.BinaryCrossentropy{label_smoothing = 0.1}, metrics = {"accuracy", nn.AUC{}}}
  lu.assertStrContains(tostring(m.optimizer), "SGD{learning_rate = ExponentialDecay{")
  lu.assertStrContains(tostring(m.loss), "BinaryCrossentropy{label_smoothing = 0.1}")
  lu.assertEquals(m.metrics[1], "accuracy")
  lu.assertNil(net().optimizer)
end

function TestCompile:test_bad_settings()
  local m = net()
  fails("did you mean 'Adam'?", m.compile, m, {optimizer = "adan", loss = "mse"})
  fails("loss", m.compile, m, {optimizer = "adam"})
  fails("did you mean 'binary_crossentropy'", m.compile, m, {loss = "binary_crossentrop"})
  fails("did you mean 'accuracy'", m.compile, m, {loss = "mse", metrics = {"acuracy"}})
  fails("has no option 'lerning_rate'; did you mean 'learning_rate'?", nn.Adam, {lerning_rate = 1})
  fails("Adam has no option 'lr'; it has: learning_rate, ", nn.Adam, {lr = 1})
  fails("nn.Adam takes one table", nn.Adam, 0.1)
  fails("nn.Adam takes 1 unnamed values", nn.Adam, {0.1, 0.9})
  fails("optimizer is a function: write it with braces", m.compile, m,
        {optimizer = nn.Adam, loss = "mse"})
  fails("metrics must be an array of names", m.compile, m, {loss = "mse", metrics = 3})
  fails("m:compile has no option 'metric'; did you mean 'metrics'?", m.compile, m,
        {loss = "mse", metric = {}})
end

TestFit = {}

function TestFit:test_it_learns_and_prints_like_keras()
  local m = compiled(nn.Adam{0.03})
  local lines, h = printed(function()
    return m:fit{x, y, epochs = 8, batch_size = 16, validation_data = {vx, vy}}
  end)
  lu.assertEquals(#lines, 16)
  lu.assertEquals(lines[1], "Epoch 1/8")
  lu.assertStrMatches(lines[2], "6/6 %[==============================%] %- %d+s %d+[mu]?s/step"
    .. " %- loss: %d%.%d%d%d%d %- accuracy: %d%.%d%d%d%d"
    .. " %- val_loss: %d%.%d%d%d%d %- val_accuracy: %d%.%d%d%d%d")
  lu.assertTrue(h.history.accuracy[8] > 0.9)
  lu.assertEquals(h.epoch, {1, 2, 3, 4, 5, 6, 7, 8})
  lu.assertEquals(#h.history.val_loss, 8)
  lu.assertIs(m.history, h)
  lu.assertEquals(h.params.steps, 6)
  lu.assertStrContains(tostring(h), "epoch")
  lu.assertEquals(h:frame():columns()[1], "epoch")
  local scores = quietly(function() return m:evaluate{vx, vy} end)
  lu.assertAlmostEquals(scores.loss, h.history.val_loss[8], 1e-6)
  lu.assertAlmostEquals(scores.accuracy, h.history.val_accuracy[8], 1e-6)
  lu.assertEquals(scores[1], scores.loss)
end

function TestFit:test_a_flow_may_stand_alone()
  local m = compiled()
  lu.assertEquals(#quietly(function() return m:fit(data.flow{x, y}) end).epoch, 1)
end

function TestFit:test_a_cached_training_prints_the_same()
  local function run(m) return printed(function() return m:fit{x, y, epochs = 2, seed = 7} end) end
  local a, b = compiled(), compiled()
  local first, h = run(a)
  local second, g = run(b)
  lu.assertEquals(first, second)
  lu.assertEquals(h.history, g.history)
  lu.assertTrue(a(vx):eq(b(vx)):all())
end

function TestFit:test_verbose()
  local m = compiled()
  lu.assertEquals(#printed(function() m:fit{x, y, verbose = 0} end), 0)
  local lines = printed(function() m:fit{x, y, verbose = 2} end)
  lu.assertStrMatches(lines[2], "3/3 %- %d+s %- loss: .* %- accuracy: %d%.%d+ %- %d+[mu]?s/epoch"
    .. " %- %d+[mu]?s/step")
  fails("verbose must be 0", m.fit, m, {x, y, verbose = 3})
end

function TestFit:test_an_unbuilt_model_takes_the_shape_of_its_data()
  local m = nn.Sequential{nn.Flatten{}, nn.Dense{1, activation = "sigmoid"}}
  m:compile{loss = "binary_crossentropy"}
  quietly(function() return m:fit{x, y} end)
  lu.assertEquals(m.input_shape, {6, 6, 1})
end

function TestFit:test_validation_split_takes_the_end()
  local all = tensor.concat{x, vx}
  local targets = tensor.concat{y, vy}
  local a = quietly(function()
    return compiled():fit{all, targets, validation_split = 0.25, verbose = 0}
  end)
  local b = quietly(function() return compiled():fit{x, y, validation_data = {vx, vy}} end)
  lu.assertEquals(a.history, b.history)
  fails("validation_split must lie between 0 and 1", compiled().fit, compiled(),
        {x, y, validation_split = 1.5})
  fails("not both", compiled().fit, compiled(),
        {x, y, validation_split = 0.5, validation_data = {vx, vy}})
  fails("leaves nothing on one side", compiled().fit, compiled(),
        {x, y, validation_split = 0.999})
  fails("y must be a tensor or an array of numbers, not missing", compiled().fit, compiled(),
        {x, validation_split = 0.5})
  fails("m:fit takes a flow or a tensor first, not a table", compiled().fit, compiled(),
        {{1, 2}, {1, 2}, validation_split = 0.5})
end

function TestFit:test_targets_may_be_lists()
  local m = compiled()
  local h = quietly(function() return m:fit{tensor.zeros{2, 6, 6, 1}, {0, 1}} end)
  lu.assertEquals(#h.history.loss, 1)
end

function TestFit:test_bad_data()
  local m = compiled()
  local err = fails("y must have one target for each of the 96 samples of x; its shape is (32)",
                    m.fit, m, {x, vy})
  lu.assertEquals(err.kind, "shape")
  fails("y must hold numbers, not names of classes such as 'NORMAL'", m.fit, m,
        {x, {"NORMAL", "PNEUMONIA"}})
  fails("y must be a tensor or an array of numbers, not missing", m.fit, m, {x})
  err = fails("model 'sequential' takes (None, 6, 6, 1), not (None, 5, 5, 1)", m.fit, m,
              {tensor.zeros{3, 5, 5, 1}, {0, 1, 0}})
  lu.assertEquals(err.kind, "shape")
  fails("m:fit takes a flow or x and y first", m.fit, m, {})
  fails("m:fit takes a flow or a tensor first, not a string", m.fit, m, {"train"})
  fails("validation_data must be a flow or {x, y}", m.fit, m, {x, y, validation_data = vx})
  fails("(validation_data): y must have one target", m.fit, m, {x, y, validation_data = {vx, y}})
  fails("there is nothing to tell apart", m.fit, m, {x, y * 0})
end

function TestFit:test_bad_uses()
  local m = compiled()
  fails("is not compiled yet: call m:compile", net().fit, net(), {x, y})
  fails("is not compiled yet", net().evaluate, net(), {x, y})
  fails("call fit with a colon: m:fit", function() m.fit{x, y} end)
  fails("m:fit has no option 'epoch'; did you mean 'epochs'?", m.fit, m, {x, y, epoch = 3})
  fails("epochs must be a whole number from 1, not 0", m.fit, m, {x, y, epochs = 0})
  fails("epochs must be a whole number from 1, not the string 3", m.fit, m, {x, y, epochs = "3"})
  fails("m:fit takes one table, in braces: m:fit{data, name = value}", m.fit, m, x, y)
  fails("m:evaluate takes one table, in braces", m.evaluate, m, data.flow{x, y}, {verbose = 0})
  fails("m:predict takes one table, in braces", m.predict, m, x, {batch_size = 8})
  fails("initial_epoch = 3 leaves none of the 2 epochs", m.fit, m,
        {x, y, epochs = 2, initial_epoch = 3})
  fails("seed must be a whole number", m.fit, m, {x, y, seed = "x"})
  fails("frozen_dropout must be true or false", m.fit, m, {x, y, frozen_dropout = 1})
  fails("callbacks[1] must be a callback or a function, not a string", m.fit, m,
        {x, y, callbacks = {"early"}})
end

TestCallbacks = {}

function TestCallbacks:test_observers_are_told_again_from_the_cache()
  local seen = {}
  local function observe(epoch, logs) seen[#seen + 1] = {epoch, logs.loss} end
  for _ = 1, 2 do
    quietly(function() return compiled():fit{x, y, epochs = 2, seed = 8, callbacks = {observe}} end)
  end
  lu.assertEquals(#seen, 4)
  lu.assertEquals(seen[1], seen[3])
  lu.assertEquals(seen[4][1], 2)
  fails("halt", function()
    quietly(function()
      return compiled():fit{x, y, callbacks = {function() error("halt") end}}
    end)
  end)
end

function TestCallbacks:test_early_stopping()
  local lines, h = printed(function()
    return compiled():fit{x, y, epochs = 30, validation_data = {vx, vy},
      callbacks = {nn.EarlyStopping{"val_loss", patience = 1, min_delta = 10}}}
  end)
  lu.assertTrue(h.stopped)
  lu.assertEquals(#h.history.loss, 2)
  lu.assertStrContains(lines[#lines], "early stopping")
  fails("did you mean 'val_loss'", compiled().fit, compiled(),
        {x, y, validation_data = {vx, vy}, callbacks = {nn.EarlyStopping{"val_los"}}})
  fails("did you mean 'patience'", nn.EarlyStopping, {patence = 3})
end

function TestCallbacks:test_steering()
  local rates, began, ended = {}, 0, 0
  local steer = nn.Callback{
    on_train_begin = function() began = began + 1 end,
    on_epoch_end = function(epoch, logs, training)
      rates[epoch] = training.learning_rate
      lu.assertIsNumber(logs.loss)
      training.learning_rate = training.learning_rate / 2
      if epoch == 3 then training:stop() end
    end,
    on_train_end = function() ended = ended + 1 end,
  }
  for _ = 1, 2 do -- never from the cache
    local h = quietly(function()
      return compiled(nn.SGD{0.5}):fit{x, y, epochs = 9, callbacks = {steer}}
    end)
    lu.assertEquals(#h.history.loss, 3)
  end
  lu.assertEquals(rates, {0.5, 0.25, 0.125})
  lu.assertEquals({began, ended}, {2, 2})
  fails("nn.Callback has no option 'on_epoch_ends'; did you mean 'on_epoch_end'?", nn.Callback,
        {on_epoch_ends = print})
  fails("on_epoch_end must be a function", nn.Callback, {on_epoch_end = 3})
end

function TestCallbacks:test_learning_rate_scheduler()
  local h = quietly(function()
    return compiled(nn.SGD{0.1}):fit{x, y, epochs = 3, callbacks = {
      nn.LearningRateScheduler{function(epoch, rate) return epoch == 1 and rate or rate / 2 end}}}
  end)
  lu.assertEquals(h.history.lr, {0.1, 0.05, 0.025})
  fails("the function must return a number, not a nil (epoch 1)", compiled().fit, compiled(),
        {x, y, callbacks = nn.LearningRateScheduler{function() end}})
end

function TestCallbacks:test_files()
  local dir = folder()
  local log, best = dir:path("log.csv"), dir:path("best.safetensors")
  local m = compiled()
  local h = quietly(function()
    return m:fit{x, y, epochs = 3, validation_data = {vx, vy}, callbacks = {
      nn.CSVLogger{log}, nn.ModelCheckpoint{best, monitor = "loss", save_best_only = true},
      nn.ModelCheckpoint{dir:path("e{epoch:02d}.safetensors")}}}
  end)
  local text = dir:read("log.csv")
  lu.assertEquals(text:match("^[^\n]*"), "epoch,accuracy,loss,val_accuracy,val_loss")
  lu.assertEquals(tonumber(text:match("\n0,[^,]*,([^,]*)")), h.history.loss[1])
  lu.assertTrue(nn.load_model(best)(vx):eq(m(vx)):all()) -- the last epoch was the best
  local first = nn.load_model(dir:path("e01.safetensors"))
  local scores = quietly(function() return first:evaluate{vx, vy} end)
  lu.assertAlmostEquals(scores.loss, h.history.val_loss[1], 1e-6)
  dir:remove()
  fails("must end in .safetensors or .h5", m.fit, m,
        {x, y, callbacks = {nn.ModelCheckpoint{"model.bin"}}})
end

TestFlows = {}

local gray = {NORMAL = 40, PNEUMONIA = 200}

function TestFlows:setUp()
  self.dir = folder()
  for name, level in pairs(gray) do
    self.dir:make("train/" .. name)
    for i = 1, 8 do
      image.write{tensor.full{6, 6, value = level + i, dtype = "uint8"},
                  self.dir:path(("train/%s/%d.png"):format(name, i))}
    end
  end
  local gen = data.ImageDataGenerator{rescale = 1 / 255}
  self.flow = quietly(function()
    return gen:flow_from_directory{self.dir:path("train"), target_size = {6, 6},
                                   color_mode = "grayscale", batch_size = 4, seed = 1}
  end)
end

function TestFlows:tearDown() self.dir:remove() end

function TestFlows:test_fit_evaluate_predict()
  local m = compiled()
  local h = quietly(function()
    return m:fit{self.flow, epochs = 12, validation_data = self.flow,
                 class_weight = {NORMAL = 0.74, PNEUMONIA = 0.26}}
  end)
  lu.assertEquals(h.class_weight, {NORMAL = 0.74, PNEUMONIA = 0.26})
  lu.assertStrContains(tostring(h), "loss is weighted by class, val_loss is not")
  local p = m:predict(self.flow)
  lu.assertEquals(p.shape, {16, 1})
  local scores = quietly(function() return m:evaluate(self.flow) end)
  lu.assertAlmostEquals(scores.accuracy, h.history.val_accuracy[12], 1e-6)
  lu.assertEquals(p:reshape{-1}:gt(0.5):eq(self.flow.classes):sum() / 16, scores.accuracy)
  lu.assertEquals(m.input.size, {6, 6})
  lu.assertEquals(m.input.classes, {"NORMAL", "PNEUMONIA"})
  lu.assertEquals(m.input.color_mode, "grayscale")
  lu.assertEquals(m.input.interpolation, "nearest")
  lu.assertEquals(m.input.threshold, 0.5)
  lu.assertAlmostEquals(m.input.rescale, 1 / 255, 1e-9)
  local path = self.dir:path("m.safetensors")
  m:save(path)
  lu.assertEquals(nn.load_model(path).input, m.input)
end

function TestFlows:test_class_weights_by_name()
  local m, flow = compiled(), self.flow
  local function fit(weights) return m:fit{flow, class_weight = weights, verbose = 0} end
  fails("class_weight is a bare list; name the classes: "
    .. "class_weight = {NORMAL = ..., PNEUMONIA = ...}", fit, {0.74, 0.26})
  fails("class_weight names no class 'PNEUMONIE'; did you mean 'PNEUMONIA'?", fit,
        {NORMAL = 1, PNEUMONIE = 1})
  fails("class_weight says nothing about class 'PNEUMONIA'", fit, {NORMAL = 1})
  fails("the class_weight of NORMAL must be a number from 0", fit, {NORMAL = -1, PNEUMONIA = 1})
  fails("class_weight must be a table", fit, "balance")
  local by_name = fit{NORMAL = 2, PNEUMONIA = 1}
  m = compiled()
  local by_label = fit{[0] = 2, [1] = 1}
  m = compiled()
  lu.assertNotEquals(fit(nil).history.loss, by_name.history.loss)
  m = compiled()
  lu.assertEquals(fit{NORMAL = 2, PNEUMONIA = 1}.history, by_name.history)
  lu.assertEquals(#by_label.history.loss, 1)
end

function TestFlows:test_bad_flows()
  local m = compiled()
  fails("a flow has its own targets", m.fit, m, {self.flow, y})
  fails("a flow has its own batch_size", m.fit, m, {self.flow, batch_size = 4})
  fails("validation_split is for tensors", m.fit, m, {self.flow, validation_split = 0.2})
  local other = nn.Sequential{nn.Input{4, 4, 1}, nn.Flatten{}, nn.Dense{1}}
  other:compile{loss = "mse"}
  fails("model 'sequential' takes (None, 4, 4, 1), not (None, 6, 6, 1)", other.fit, other,
        {self.flow})
  fails("takes (None, 4, 4, 1), not (None, 6, 6, 1)", other.predict, other, self.flow)
end

function TestFlows:test_frozen_parts_are_computed_once()
  local function model()
    local base = nn.Sequential{nn.Input{6, 6, 1}, nn.Conv2D{3, 3, activation = "relu"}, nn.Flatten{},
                               name = "base"}
    base.trainable = false
    return nn.Sequential{base, nn.Dense{4, activation = "relu"}, nn.Dense{1, activation = "sigmoid"}}
      :compile{optimizer = nn.SGD{0.05}, loss = "binary_crossentropy", metrics = {"accuracy"}}
  end
  local a, b = model(), model()
  local function fit(m, reuse)
    return m:fit{self.flow, epochs = 3, validation_data = self.flow, verbose = 0,
                 reuse_features = reuse, class_weight = {NORMAL = 1, PNEUMONIA = 2}}
  end
  local before = a:layer"conv2d":get_weights()[1]
  local h, g = fit(a, true), fit(b, false)
  for i = 1, 3 do lu.assertAlmostEquals(h.history.loss[i], g.history.loss[i], 1e-5) end
  lu.assertTrue((a(vx) - b(vx)):abs():max() < 1e-5)
  lu.assertTrue(a:layer"conv2d".weights[1]:eq(before):all())
  lu.assertFalse(a:layer"dense".weights[1]:eq(model():layer"dense".weights[1]):all())
end

-- A file that cannot be read is left out, whether the frozen part is computed once or in each epoch.
function TestFlows:test_a_broken_image_behind_a_frozen_part()
  local m = net(3)
  m:layer"conv2d".trainable = false
  m:compile{loss = "binary_crossentropy", metrics = {"accuracy"}}
  local dir = self.flow.directory
  local bad = assert(io.open(dir .. "/NORMAL/broken.png", "wb"))
  bad:write("no image")
  bad:close()
  local flow = data.ImageDataGenerator{rescale = 1 / 255}:flow_from_directory{
    dir, target_size = {6, 6}, color_mode = "grayscale", class_mode = "binary"}
  local h = quietly(function() return m:fit{flow, epochs = 2} end)
  lu.assertEquals(#h.history.loss, 2)
  os.remove(dir .. "/NORMAL/broken.png")
end

function TestFlows:test_one_class_is_named()
  local flow = data.ImageDataGenerator{}:flow_from_directory{
    self.flow.directory, target_size = {6, 6}, color_mode = "grayscale", class_mode = "binary",
    classes = {"PNEUMONIA"}}
  local m = compiled()
  fails("are of one class, 'PNEUMONIA'", m.fit, m, {flow})
  quietly(function() return m:fit{flow, one_class = true, class_weight = {PNEUMONIA = 2}} end)
end

os.exit(lu.LuaUnit.run())
