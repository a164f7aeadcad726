-- The module data: what stage.dataset returns, as an object.
local core = ...
local frame, fail = core.frame, core.fail

local data = {}

local Dataset = {}
local mt = {__name = "pneuma.dataset", __index = Dataset}

local numbers = {"width", "height", "channels", "bytes"}
local words = {"path", "split", "class", "patient"}

-- ---- choosing ----

local function one_of(list, word, what, ds)
  if word == nil then return end
  for _, w in ipairs(list) do
    if w == word then return end
  end
  local near = type(word) == "string" and core.suggest(word, list)
  fail(("there is no %s '%s' in '%s'; %s"):format(what, tostring(word), ds.dir,
    near and ("did you mean '%s'?"):format(near)
      or "it has: " .. (#list > 0 and table.concat(list, ", ") or "none")))
end

-- The split and class that a call names: {split, class} or {split =, class =}, either may be left
-- out.
local function chosen(ds, options, name, more)
  if options == nil then options = {} end
  local names = {"split", "class"}
  for _, n in ipairs(more or {}) do names[#names + 1] = n end
  core.options(options, name, 2, names)
  local split, class = options.split or options[1], options.class or options[2]
  one_of(ds.splits, split, "split", ds)
  one_of(ds.classes, class, "class", ds)
  return split, class
end

-- The places of the images of a split and class (nil: all), ascending.
local function places(ds, split, class)
  local list = {}
  for i = 1, #ds.path do
    if (not split or ds.split[i] == split) and (not class or ds.class[i] == class) then
      list[#list + 1] = i
    end
  end
  return list
end

local function pick(list, at)
  local out = {}
  for k, i in ipairs(at) do out[k] = list[i] end
  return out
end

local function file_name(path)
  return path:match("[^/]*$")
end

local function where(split, class)
  return (split or "all splits") .. "/" .. (class or "all classes")
end

-- ---- the object ----

-- ds.split is a column, and ds:split{...} a method: the column can be called.
local callable = {__call = function(_, ...) return Dataset.split(...) end}

local function object(ds)
  setmetatable(ds.split, callable)
  return setmetatable(ds, mt)
end

-- Makes a Dataset of what stage.dataset returns; `arguments` are those of the call.
function data.Dataset(result, arguments)
  if type(result) ~= "table" or type(result.path) ~= "table" or type(result.classes) ~= "table" then
    fail("data.Dataset takes what stage.dataset returns")
  end
  local ds = {dir = arguments and arguments.dir or "?"}
  for key, value in pairs(result) do ds[key] = value end
  return object(ds)
end

function mt:__len()
  return #self.path
end

local function counted(n, what)
  return ("%d %s%s"):format(n, what, n == 1 and "" or what:sub(-1) == "s" and "es" or "s")
end

function mt:__tostring()
  local lines = {
    ("dataset of %s, %s (%s), %s (%s)"):format(
      counted(#self.path, "image"), counted(#self.classes, "class"),
      table.concat(self.classes, ", "), counted(#self.splits, "split"),
      table.concat(self.splits, ", ")),
    "in " .. self.dir,
  }
  if #self.unreadable_path > 0 then
    lines[3] = counted(#self.unreadable_path, "file") .. " cannot be read: ds:unreadable()"
  end
  return table.concat(lines, "\n")
end

-- How many images each class has in each split: a row a class, a column a split.
function Dataset:counts()
  local columns = {{"class", self.classes}}
  for _, split in ipairs(self.splits) do
    local counts = {}
    for k, class in ipairs(self.classes) do counts[k] = #places(self, split, class) end
    columns[#columns + 1] = {split, counts}
  end
  return frame(columns)
end

function Dataset:paths(options)
  return pick(self.path, places(self, chosen(self, options, "ds:paths")))
end

-- Width, height, channels and bytes of the images of a split and class.
function Dataset:sizes(options)
  local at = places(self, chosen(self, options, "ds:sizes"))
  local columns = {{"name", {}}}
  for k, i in ipairs(at) do columns[1][2][k] = file_name(self.path[i]) end
  for _, name in ipairs(numbers) do
    columns[#columns + 1] = {name, core.numbers(core.take(self[name], at), name)}
  end
  return frame(columns)
end

-- The files that have an image's name but cannot be read, and why.
function Dataset:unreadable()
  return frame{
    {"path", self.unreadable_path}, {"split", self.unreadable_split},
    {"class", self.unreadable_class}, {"reason", self.unreadable_reason},
  }
end

-- The patients of a split and class, each once, sorted.
function Dataset:patients(options)
  local seen, list = {}, {}
  for _, i in ipairs(places(self, chosen(self, options, "ds:patients"))) do
    local patient = self.patient[i]
    if not seen[patient] then
      seen[patient] = true
      list[#list + 1] = patient
    end
  end
  table.sort(list)
  return list
end

-- The images at these places, as a Dataset.
local function subset(ds, at)
  local result = {}
  for key, value in pairs(ds) do result[key] = value end
  for _, name in ipairs(words) do result[name] = pick(ds[name], at) end
  for _, name in ipairs(numbers) do result[name] = core.take(ds[name], at) end
  return object(result)
end

-- The images for which keep(row) is true, as a Dataset; a row has path, name, split, class,
-- patient, width, height, channels and bytes.
function Dataset:filter(keep)
  if type(keep) ~= "function" then
    fail("ds:filter takes a function that is given a row and says whether to keep it, not a " ..
      type(keep))
  end
  local columns, at = {}, {}
  for _, name in ipairs(words) do columns[name] = self[name] end
  for _, name in ipairs(numbers) do columns[name] = core.numbers(self[name], name) end
  for i = 1, #self.path do
    local row = {name = file_name(self.path[i])}
    for name, column in pairs(columns) do row[name] = column[i] end
    if keep(row) then at[#at + 1] = i end
  end
  return subset(self, at)
end

-- ---- images ----

-- Decodes the images at these places, in this order, until there are `n`; what cannot be read is
-- left out.
local function decode(ds, at, n, channels)
  local images, skipped, next_place = {names = {}, paths = {}}, {}, 1
  while #images < n and next_place <= #at do
    local paths = {}
    for k = next_place, math.min(next_place + n - #images - 1, #at) do
      paths[#paths + 1] = ds.path[at[k]]
    end
    next_place = next_place + #paths
    local decoded, reasons = core.decode(paths, channels)
    for k, path in ipairs(paths) do
      if decoded[k] then
        images[#images + 1] = decoded[k]
        images.paths[#images], images.names[#images] = path, file_name(path)
      else
        skipped[#skipped + 1] = reasons[k]
      end
    end
  end
  for _, reason in ipairs(skipped) do core.remark("warning", "skipped: " .. reason) end
  return images
end

local function check_channels(options, name)
  local channels = options and options.channels or 0
  if channels ~= 0 and channels ~= 1 and channels ~= 3 then
    fail(("%s: channels is 0 (as stored), 1 or 3, not %s"):format(name, tostring(channels)))
  end
  return channels
end

local function check_count(value, preset, name, what)
  if value == nil then return preset end
  if math.type(value) ~= "integer" or value < 1 then
    fail(("%s: %s must be a whole number from 1, not %s"):format(name, what, tostring(value)))
  end
  return value
end

-- n random images, decoded; the same for the same seed.
function Dataset:sample(options)
  local split, class = chosen(self, options, "ds:sample", {"n", "seed", "channels"})
  local n = check_count(options and options.n, 9, "ds:sample", "n")
  local seed = options and options.seed -- nil: the seed of the run
  if seed ~= nil and math.type(seed) ~= "integer" then fail("ds:sample: seed must be a whole number") end
  local channels = check_channels(options, "ds:sample")
  local all = places(self, split, class)
  local images = decode(self, pick(all, core.shuffled(#all, seed)), n, channels)
  if #images < n then
    core.remark("note", ("%s has %d readable image%s, not %d"):format(where(split, class), #images,
      #images == 1 and "" or "s", n))
  end
  return images
end

-- The first image of ds.path[at[n]], ds.path[at[n + 1]], ... and on from the beginning that can be
-- read, and its path.
local function decode_from(ds, at, n, channels)
  local skipped = {}
  for step = 0, #at - 1 do
    local path = ds.path[at[(n - 1 + step) % #at + 1]]
    local images, reasons = core.decode({path}, channels)
    if images[1] then
      for _, reason in ipairs(skipped) do core.remark("warning", "skipped: " .. reason) end
      if #skipped > 0 then core.remark("note", ("took '%s' instead"):format(path)) end
      return images[1], path
    end
    skipped[#skipped + 1] = reasons[1]
  end
  fail(("none of the %d images can be read; the first: %s"):format(#at, skipped[1]))
end

-- Image number n of a split and class, counted from 1 in the order of ds:paths; the last one where
-- there are fewer, the next one where it cannot be read. Returns the image and its path.
function Dataset:image(options)
  local split, class = chosen(self, options, "ds:image", {"n", "channels"})
  local n = check_count(options and options.n, 1, "ds:image", "n")
  local channels = check_channels(options, "ds:image")
  local all = places(self, split, class)
  if #all == 0 then fail(("%s has no images"):format(where(split, class))) end
  if n > #all then
    core.remark("note", ("%s has %d images: took the last one instead of number %d"):format(
      where(split, class), #all, n))
    n = #all
  end
  return decode_from(self, all, n, channels)
end

core.run("data_split", {core = core, data = data, Dataset = Dataset, mt = mt, subset = subset})
core.run("methods", core)(Dataset, mt, "ds")
core.Dataset = mt
core.run("data_flow", core)(data)
return data
