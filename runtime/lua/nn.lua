-- nn: layers, models, training. The parts are in nn_*.lua; each is given `core`, which has the C
-- functions and what the parts before it are.
local core = ...

local nn = {}
core.nn = nn
core.layers = core.run("nn_layers", core)
core.graph = core.run("nn_graph", core)
core.symbol_of = core.graph.symbol_of
core.models = core.run("nn_model", core)
core.more = core.run("nn_methods", core)
core.named = core.run("nn_named", core)
core.lines = core.run("nn_lines", core)
core.samples = core.run("nn_samples", core)
core.new_history = core.run("nn_history", core)
core.run("nn_compile", core)
core.run("nn_predict", core)
core.run("nn_features", core)
core.run("nn_fit", core)
local files = core.run("nn_files", core)
core.files = files
core.run("nn_gradcam", core)
local pretrained = core.run("nn_prepare", core)

for class, make in pairs(core.layers.constructors) do nn[class] = make end
for class, make in pairs(core.named.constructors) do nn[class] = make end
nn.Input = core.graph.Input
nn.Model = core.graph.Model
nn.Sequential = core.models.Sequential
nn.model_from_json = core.more.model_from_json
nn.load_model = files.load_model
nn.pretrained = pretrained
nn.Callback = core.named.Callback
nn.VGGFace = core.run("nn_vggface", core)
nn.VGG = core.run("nn_vgg", core)

core.run("methods", core)(core.models.methods, core.Model, "m")
return nn
