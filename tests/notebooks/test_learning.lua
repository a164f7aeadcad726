-- The notebooks that train and explain, whole, on few and small images: that they run to their end
-- and find each other's models. What the numbers are worth is measured elsewhere.
package.path = arg[0]:match("^(.*/)") .. "?.lua;" .. package.path
local lu = require "luaunit"
local t = require "support"

local program = os.getenv("PNEUMA_PROGRAM")
local notebooks = program:match("^(.*/)") .. "share/pneuma/notebooks/"
local few = "-p count=36 -p side=48 "
t.limit = 800 -- seconds: under sanitizers training takes its time

TestLearning = {}

function TestLearning:setUp()
  t.open()
end

function TestLearning:tearDown() t.close() end

local function run(name, arguments)
  return t.report(t.quote(notebooks .. name) .. " " .. (arguments or ""))
end

-- luaunit would print all of a text that it does not find something in: half a megabyte here.
local function has(text, what)
  lu.assertTrue(text:find(what, 1, true) ~= nil, "the report lacks '" .. what .. "'")
end

function TestLearning:test_two_then_three()
  local code, _, err, json = run("02_deep_learning.md", few)
  lu.assertEquals(code, 0, err)
  has(json, "Epoch 4/4")
  has(json, "Found ")
  for _, name in ipairs{"scratch", "transfer", "small"} do
    lu.assertTrue(t.exists("out/models/" .. name .. ".safetensors"))
  end
  code, _, err, json = run("03_grad_cam.md", "-p count=36")
  lu.assertEquals(code, 0, err)
  has(json, "the network with borrowed features of notebook 2")
  lu.assertTrue(t.exists("out/grad_cam.jpeg"))
  -- one that finds every pneumonia, so that the maps are compared with the masks
  t.notebook("sure.md", 'local m = nn.load_model{"out/models/small.safetensors"}',
             'm.input.threshold = 0', 'm:save{"sure.safetensors"}')
  lu.assertEquals(t.run("sure.md"), 0)
  code, _, err, json = run("03_grad_cam.md", "-p count=36 -p model=sure.safetensors")
  lu.assertEquals(code, 0, err)
  has(json, "PNEUMONIA found in 4 of 4 images")
  has(json, "by chance")
  has(json, "The peak lies ")
end

function TestLearning:test_three_alone_takes_the_shipped_model()
  local code, _, err, json = run("03_grad_cam.md", "-p count=36")
  lu.assertEquals(code, 0, err)
  has(json, "comes with Pneuma")
end

-- As VGG-Face under a head: the cut lies within the trunk, and names of what is behind it stand in
-- the head, too. A dropout of 0 counts as random, but leaves losses that can be compared.
function TestLearning:test_a_frozen_trunk_shares_names_with_its_head()
  t.notebook("a.md", [[
local x = tensor.uniform{24, 6, 6, 1, seed = 1}
local y = x:mean{axis = {2, 3, 4}}:gt(0.5)
local function loss(reuse)
  local trunk = nn.Sequential{nn.Input{6, 6, 1}, nn.Conv2D{3, 3, activation = "relu"},
                              nn.Dropout{0}, nn.Conv2D{4, 2}, nn.Flatten{}, name = "trunk"}
  trunk.trainable = false
  local m = nn.Sequential{trunk, nn.Flatten{}, nn.Dropout{0, name = "features"},
                          nn.Dense{1, activation = "sigmoid"}, seed = 3}
  m:compile{optimizer = nn.SGD{0.05}, loss = "binary_crossentropy"}
  local h = m:fit{x, y, epochs = 2, batch_size = 8, verbose = 0, seed = 5, reuse_features = reuse,
                  callbacks = {nn.ModelCheckpoint{"last.safetensors"}}}
  assert(nn.load_model{"last.safetensors"}:predict{x}:eq(m:predict{x}):all())
  return h.history.loss, m:predict{x}
end]], [[
local a, p = loss(true)
local b, q = loss(false)
assert(math.abs(a[2] - b[2]) < 1e-5, a[2] .. " or " .. b[2])
assert((p - q):abs():max() < 1e-5)]])
  local code, _, err, json = t.report("a.md")
  lu.assertEquals(code, 0, err)
  has(json, "the frozen part, up to Conv2D 'conv2d', is computed once for each image")
end

-- As Keras writes it: nothing tells how images are prepared, or what the classes are called.
function TestLearning:test_three_takes_a_bare_h5_file()
  t.notebook("bare.md", 'local m = nn.Sequential{nn.Input{48, 48, 3}, nn.Conv2D{4, 3}}',
             'm:add(nn.GlobalAveragePooling2D{}):add(nn.Dense{1, activation = "sigmoid"})',
             'm:save{"bare.h5"}')
  lu.assertEquals(t.run("bare.md"), 0)
  local code, _, err, json = run("03_grad_cam.md", "-p count=36 -p model=bare.h5")
  lu.assertEquals(code, 0, err)
  has(json, "does not say how its images were prepared")
end

function TestLearning:test_two_without_its_second_half()
  local code, _, err, json = run("02_deep_learning.md", few .. "-p beyond=false")
  lu.assertEquals(code, 0, err)
  lu.assertNil(json:find("Scratch and small disagree", 1, true))
end

function TestLearning:test_a_model_that_is_none()
  t.write("broken.safetensors", "no model")
  local code, _, err = run("03_grad_cam.md", "-p count=36 -p model=broken.safetensors")
  lu.assertEquals(code, 1)
  lu.assertStrContains(err, "broken.safetensors")
end

function TestLearning:test_pretraining()
  local code, _, err = run("pretrain_faces.md", "-p identities=6 -p unseen=4 -p per_identity=8 "
    .. "-p held_out=2 -p epochs=1 -p size=32 -p save=trunk.safetensors")
  lu.assertEquals(code, 0, err)
  lu.assertTrue(t.exists("trunk.safetensors"))
end

function TestLearning:test_the_control_experiment()
  local code, _, err = run("lessons/is_it_the_opacity.md", "-p count=40 -p epochs=1 -p side=48")
  lu.assertEquals(code, 0, err)
end

os.exit(lu.LuaUnit.run())
