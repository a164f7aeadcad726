-- The part of the module data that makes batches: ImageDataGenerator and the flows it gives.
local core = ...
local fail = core.fail

-- ---- flows ----

local Flow = {}
local mt = {__name = "pneuma.flow", __index = Flow}

-- flow -> what its native source needs to stay alive, out of users' reach
local hidden = setmetatable({}, {__mode = "k"})

-- A table that prints and iterates in the order of `names`: {NORMAL = 0, PNEUMONIA = 1}.
local function class_indices(names)
  local indices = {}
  for k, name in ipairs(names) do indices[name] = k - 1 end
  return setmetatable(indices, {
    __pairs = function()
      local k = 0
      return function()
        k = k + 1
        if names[k] then return names[k], k - 1 end
      end
    end,
    __tostring = function()
      local parts = {}
      for k, name in ipairs(names) do parts[k] = ("%s = %d"):format(name, k - 1) end
      return "{" .. table.concat(parts, ", ") .. "}"
    end,
  })
end

local function whole(value, preset, least, name, what)
  if value == nil then return preset end
  if math.type(value) ~= "integer" or value < least then
    fail(("%s: %s must be a whole number%s, not %s"):format(name, what,
      least > math.mininteger and (" from %d"):format(least) or "", tostring(value)))
  end
  return value
end

local function flag(value, preset, name, what)
  if value == nil then return preset end
  if type(value) ~= "boolean" then
    fail(("%s: %s must be true or false, not %s"):format(name, what, tostring(value)))
  end
  return value
end

-- Makes a flow of its fields. `config` describes the source but for what all sources share.
local function new_flow(name, options, generator, config, fields)
  config.batch_size = whole(options.batch_size, 32, 1, name, "batch_size")
  config.shuffle = flag(options.shuffle, true, name, "shuffle")
  config.seed = whole(options.seed, core.seed(), math.mininteger, name, "seed")
  local text = core.config(config, generator)
  local source = core.source(text, fields.paths, fields.x, fields.y or fields.classes)
  local flow = setmetatable({}, mt)
  hidden[flow] = {source = source, config = text, kind = config.kind, x = fields.x, y = fields.y,
                  told = 0, target = fields.target}
  flow.samples = fields.samples
  flow.batch_size = config.batch_size
  flow.batches = (fields.samples + config.batch_size - 1) // config.batch_size
  flow.image_shape, flow.classes, flow.paths = fields.shape, fields.classes, fields.paths
  flow.filenames, flow.directory = fields.filenames, fields.directory
  flow.class_mode, flow.class_names = config.class_mode, fields.class_names
  flow.class_indices = fields.class_names and class_indices(fields.class_names)
  return flow
end

-- Batches of an epoch, as in Keras.
function mt:__len()
  return self.batches
end

function mt:__tostring()
  local text = ("%d samples of shape (%s), in %d batches of %d"):format(self.samples,
    table.concat(self.image_shape, ", "), self.batches, self.batch_size)
  if self.class_names then text = text .. "; classes " .. tostring(self.class_indices) end
  return text
end

-- Batch number n (from 1) of epoch number `epoch` (from 1): x and y, as training gets them.
function Flow:batch(options)
  options = options or {}
  core.options(options, "flow:batch", 1, {"n", "epoch"})
  local n = whole(options.n or options[1], 1, 1, "flow:batch", "n")
  local epoch = whole(options.epoch, 1, 1, "flow:batch", "epoch")
  if n > self.batches then
    fail(("flow:batch: there is no batch %d; an epoch has %d"):format(n, self.batches))
  end
  local inner = hidden[self]
  local x, y = core.batch(inner.source, epoch - 1, n - 1, inner.target)
  local _, reasons = core.failures(inner.source)
  for k = inner.told + 1, #reasons do core.remark("warning", "skipped: " .. reasons[k]) end
  inner.told = #reasons
  return x, y
end

-- Iterates over the first n batches of an epoch: for k, x, y in flow:take{4} do ... end
function Flow:take(options)
  options = options or {}
  core.options(options, "flow:take", 1, {"n", "epoch"})
  local n = whole(options.n or options[1], self.batches, 1, "flow:take", "n")
  local k = 0
  return function()
    k = k + 1
    if k > n or k > self.batches then return nil end
    return k, self:batch{k, epoch = options.epoch}
  end
end

-- The files that the batches so far had to leave out, and why.
function Flow:unreadable()
  local paths, reasons = core.failures(hidden[self].source)
  return core.frame{{"path", paths}, {"reason", reasons}}
end

-- What a stage needs to make the same batches: kind ("files" or "tensors"), config (JSON text), and
-- paths and y (labels), or x and y.
function Flow:describe()
  local inner = hidden[self]
  return {kind = inner.kind, config = inner.config, paths = self.paths, x = inner.x,
          y = inner.y or self.classes, class_names = self.class_names}
end

core.run("methods", core)(Flow, mt, "flow")

-- ---- image files ----

local file_options = {"target_size", "color_mode", "classes", "class_mode", "batch_size", "shuffle",
                      "seed", "subset", "interpolation", "cache_bytes"}

local function one_of(value, preset, words, name, what)
  if value == nil then return preset end
  for _, word in ipairs(words) do
    if value == word then return value end
  end
  local near = type(value) == "string" and core.suggest(value, words)
  fail(("%s: %s must be one of \"%s\", not %s%s"):format(name, what, table.concat(words, '", "'),
    type(value) == "string" and '"' .. value .. '"' or tostring(value),
    near and ('; did you mean "%s"?'):format(near) or ""))
end

local function read_size(size, name)
  if size == nil then return {256, 256} end
  if type(size) ~= "table" or #size ~= 2 or math.type(size[1]) ~= "integer"
      or math.type(size[2]) ~= "integer" or size[1] < 1 or size[2] < 1 then
    fail(name .. ": target_size must be {height, width} in pixels")
  end
  return {size[1], size[2]}
end

-- The first and last number, from 1, of `count` items in a subset: validation comes first.
local function subset_range(gen, subset, count, name)
  if subset == nil then return 1, count end
  one_of(subset, nil, {"training", "validation"}, name, "subset")
  if gen.validation_split == 0 then
    fail(name .. ": subset needs an ImageDataGenerator with a validation_split, such as 0.2")
  end
  local border = math.floor(gen.validation_split * count)
  if subset == "validation" then return 1, border end
  return border + 1, count
end

-- A flow over files[k] = {path, name}, a list for each class.
local function flow_files(gen, options, name, class_names, files, directory)
  local paths, filenames, labels = {}, {}, {}
  for k, list in ipairs(files) do
    local first, last = subset_range(gen, options.subset, #list, name)
    for i = first, last do
      paths[#paths + 1], filenames[#filenames + 1] = list[i].path, list[i].name
      labels[#labels + 1] = k - 1
    end
  end
  if #paths == 0 then
    fail(("%s: there are no images%s"):format(name,
      options.subset and (" in the subset \"%s\""):format(options.subset) or ""))
  end
  local size = read_size(options.target_size, name)
  local color = one_of(options.color_mode, "rgb", {"rgb", "grayscale"}, name, "color_mode")
  local mode = one_of(options.class_mode, #class_names > 2 and "categorical" or "binary",
    {"binary", "categorical", "sparse", "input", "none"}, name, "class_mode")
  local shape = {size[1], size[2], color == "rgb" and 3 or 1}
  local target = mode == "input" and shape or mode == "categorical" and {#class_names} or {}
  local flow = new_flow(name, options, gen.text, {
    kind = "files", target_size = size, color_mode = color, class_mode = mode, classes = class_names,
    interpolation = one_of(options.interpolation, "nearest", {"nearest", "bilinear"}, name,
      "interpolation"),
    cache_bytes = options.cache_bytes,
  }, {
    paths = paths, filenames = filenames, classes = core.labels(labels), class_names = class_names,
    samples = #paths, shape = shape, target = target, directory = directory,
  })
  print(("Found %d images belonging to %d classes."):format(#paths, #class_names))
  return flow
end

-- ---- folders ----

-- All images in a folder and those below it, as {path, name}; name begins with `prefix`.
local function collect(folder, prefix, list, depth)
  local folders, images = core.list(folder)
  for _, image in ipairs(images) do
    list[#list + 1] = {path = folder .. "/" .. image, name = prefix .. "/" .. image}
  end
  for _, name in ipairs(depth < 16 and folders or {}) do
    collect(folder .. "/" .. name, prefix .. "/" .. name, list, depth + 1)
  end
  return list
end

local function is_split(name)
  local known = {train = true, val = true, test = true, training = true, validation = true}
  return known[name:lower()] or false
end

local function training_split(folders)
  for _, folder in ipairs(folders) do
    if folder:lower():find("^train") then return folder end
  end
  return folders[1]
end

-- A folder of splits looks like one of classes; Keras would take it for that.
local function check_layout(dir, folders, images, name)
  if #folders == 0 then
    fail(("%s: '%s' has no class folders%s"):format(name, dir, #images > 0
      and (", but %d images; did you mean the folder above it?"):format(#images)
      or (": expected one for each class, such as '%s/NORMAL'"):format(dir)))
  end
  for _, folder in ipairs(folders) do
    if not is_split(folder) or #core.list(dir .. "/" .. folder) == 0 then return end
  end
  fail(("%s: '%s' has no class folders, but %s; did you mean its subfolder '%s'?"):format(name, dir,
    table.concat(folders, ", "), training_split(folders)))
end

-- No train folder, but perhaps one of classes alone, above it: says what is expected and what to do.
local function check_folder(dir, name)
  local above, last = dir:match("^(.*)/([^/]+)$")
  local found, folders = pcall(core.list, above or "")
  if pcall(core.list, dir) or not found or #folders == 0 or not is_split(last) then return end
  for _, folder in ipairs(folders) do
    if is_split(folder) then return end
  end
  fail(("%s: there is no folder '%s': expected '%s' to have train, val and test with a folder for "
    .. "each class, such as '%s/%s', but it has %s. Of a folder for each class alone take ds = "
    .. "stage.dataset{dir = '%s'}, train, val = ds:split{val = 0.2}, and "
    .. "gen:flow_from_dataset{train}"):format(name, dir, above, dir, folders[1],
    table.concat(folders, ", "), above))
end

local function chosen_classes(options, found, dir, name)
  local classes = options.classes
  if classes == nil then return found end
  if type(classes) ~= "table" or #classes == 0 then
    fail(name .. ": classes must be a list of names of folders")
  end
  local has, named = {}, {}
  for _, class in ipairs(found) do has[class] = true end
  for _, class in ipairs(classes) do
    if not has[class] then
      local near = type(class) == "string" and core.suggest(class, found)
      fail(("%s: '%s' has no class '%s'; %s"):format(name, dir, tostring(class),
        near and ("did you mean '%s'?"):format(near) or "it has: " .. table.concat(found, ", ")))
    end
    if named[class] then fail(("%s: classes names '%s' twice"):format(name, class)) end
    named[class] = true
  end
  return {table.unpack(classes)}
end

-- ---- the generator ----

local Generator = {}
local generator_mt = {__name = "pneuma.ImageDataGenerator", __index = Generator}

function generator_mt:__tostring()
  local parts = {}
  for key, value in pairs(self.options) do
    if type(value) == "table" then value = "{" .. table.concat(value, ", ") .. "}" end
    parts[#parts + 1] = ("%s = %s"):format(key, tostring(value))
  end
  table.sort(parts)
  return "ImageDataGenerator{" .. table.concat(parts, ", ") .. "}"
end

function Generator:flow_from_directory(options)
  local name = "gen:flow_from_directory"
  core.options(options, name, 1, {"dir", table.unpack(file_options)})
  local dir = options.dir or options[1]
  if type(dir) ~= "string" then
    fail(name .. " takes a folder first: gen:flow_from_directory{dir, target_size = {224, 224}}")
  end
  dir = dir:gsub("(.)/+$", "%1")
  check_folder(dir, name)
  local folders, images = core.list(dir)
  if options.classes == nil then check_layout(dir, folders, images, name) end
  local classes, files = chosen_classes(options, folders, dir, name), {}
  for k, class in ipairs(classes) do
    files[k] = collect(dir .. "/" .. class, class, {}, 1)
    if #files[k] == 0 then
      fail(("%s: the class folder '%s/%s' has no images (JPEG, PNG, BMP, PGM, PPM)"):format(name, dir,
        class))
    end
  end
  return flow_files(self, options, name, classes, files, dir)
end

function Generator:flow_from_dataset(options)
  local name = "gen:flow_from_dataset"
  core.options(options, name, 1, {"dataset", "split", table.unpack(file_options)})
  local ds = options.dataset or options[1]
  if getmetatable(ds) ~= core.Dataset then
    fail(name .. " takes a dataset first, what stage.dataset or ds:filter returns, not a " .. type(ds))
  end
  local split = one_of(options.split, nil, ds.splits, name, "split")
  local classes, files, place = chosen_classes(options, ds.classes, ds.dir, name), {}, {}
  for k, class in ipairs(classes) do files[k], place[class] = {}, k end
  for i, path in ipairs(ds.path) do
    local list = files[place[ds.class[i]]]
    if list and (not split or ds.split[i] == split) then
      list[#list + 1] = {path = path, name = ds.class[i] .. "/" .. path:match("[^/]*$")}
    end
  end
  return flow_files(self, options, name, classes, files, ds.dir)
end

-- ---- tensors ----

-- A flow over x and y; `gen` may be nil.
local function flow_tensors(gen, options, name)
  core.options(options, name, 2, {"x", "y", "batch_size", "shuffle", "seed", gen and "subset"})
  local x, y = options.x or options[1], options.y or options[2]
  if not core.shape(x) then fail(name .. " takes a tensor x first, not a " .. type(x)) end
  if y ~= nil and not core.shape(y) then fail(name .. ": y must be a tensor, not a " .. type(y)) end
  local first, last = 1, core.shape(x)[1] or 0
  if gen then first, last = subset_range(gen, options.subset, last, name) end
  if options.subset then
    if last < first then fail(("%s: the subset \"%s\" is empty"):format(name, options.subset)) end
    x, y = x[{{first, last}}], y and y[{{first, last}}]
  end
  x, y = core.dense(x), y and core.dense(y)
  local shape, target = core.shape(x), y and core.shape(y) or {}
  table.remove(shape, 1)
  table.remove(target, 1)
  return new_flow(name, options, gen and gen.text, {kind = "tensors"},
    {x = x, y = y, samples = last - first + 1, shape = shape, target = target})
end

function Generator:flow(options)
  return flow_tensors(self, options, "gen:flow")
end

-- Finds the mean and the deviation of x for the featurewise options.
function Generator:fit(options)
  core.options(options, "gen:fit", 1, {"x"})
  self.text = core.fit(self.text, options.x or options[1])
  return self
end

-- A random change of one image, in float32; without a seed another one each time.
function Generator:random_transform(options)
  core.options(options, "gen:random_transform", 1, {"image", "seed"})
  local seed = whole(options.seed, nil, math.mininteger, "gen:random_transform", "seed")
  if not seed then self.drawn = self.drawn + 1 end
  return core.transform(self.text, options.image or options[1], seed or core.seed(),
    seed and 0 or self.drawn)
end

core.run("methods", core)(Generator, generator_mt, "gen")

return function(data)
  function data.ImageDataGenerator(options)
    options = options == nil and {} or options
    local text = core.generator(options)
    local copy = {}
    for key, value in pairs(options) do copy[key] = value end
    return setmetatable({text = text, options = copy, drawn = 0,
                         validation_split = options.validation_split or 0}, generator_mt)
  end

  function data.flow(options)
    return flow_tensors(nil, options, "data.flow")
  end
end
