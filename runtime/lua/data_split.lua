-- Splits that keep a patient's images together and the classes' shares alike, and class weights.
local parts = ...
local core, data, Dataset = parts.core, parts.data, parts.Dataset

local function fail(format, ...)
  core.fail(format:format(...))
end

-- ---- who goes where ----

-- The items of each group and how many of each class they are, in an order that the seed decides,
-- large groups first; and how many items of each class there are.
local function groups_of(labels, groups, seed)
  local list, at, totals = {}, {}, {}
  for i, label in ipairs(labels) do
    local key = groups and groups[i] or i
    if not at[key] then
      list[#list + 1] = {items = {}, classes = {}}
      at[key] = list[#list]
    end
    local group = at[key]
    group.items[#group.items + 1] = i
    group.classes[label] = (group.classes[label] or 0) + 1
    totals[label] = (totals[label] or 0) + 1
  end
  local order = {}
  for k, i in ipairs(core.shuffled(#list, seed)) do
    order[k] = list[i]
    order[k].rank = k
  end
  table.sort(order, function(a, b)
    if #a.items ~= #b.items then return #a.items > #b.items end
    return a.rank < b.rank
  end)
  return order, totals
end

-- How much worse a part fits its share when the group joins it (sign 1) or leaves it (sign -1):
-- the change of the squared distances to the wanted counts, each in units of that count.
local function cost(part, group, totals, sign)
  local sum = 0
  for label, n in pairs(group.classes) do
    local want = part.share * totals[label]
    sum = sum + (2 * sign * n * ((part.counts[label] or 0) - want) + n * n) / want
  end
  return sum
end

local function add(part, group, sign)
  for label, n in pairs(group.classes) do
    part.counts[label] = (part.counts[label] or 0) + sign * n
  end
end

local function best_part(list, group, totals)
  local best, least
  for p, part in ipairs(list) do
    local c = cost(part, group, totals, 1)
    if not least or c < least - 1e-12 then best, least = p, c end
  end
  return best
end

local PASSES = 20 -- over all groups; a few are enough, as each only moves what fits better elsewhere

-- Which part each item goes to. Groups, large ones first, go where they fit best; then those that
-- fit better elsewhere move.
local function assign(labels, groups, shares, seed)
  local order, totals = groups_of(labels, groups, seed)
  local list, place = {}, {}
  for p, share in ipairs(shares) do list[p] = {share = share, counts = {}} end
  for pass = 0, PASSES do
    local moved = false
    for _, group in ipairs(order) do
      local from = group.part
      if from then add(list[from], group, -1) end
      group.part = best_part(list, group, totals)
      add(list[group.part], group, 1)
      moved = moved or group.part ~= from
    end
    if pass > 0 and not moved then break end
  end
  for _, group in ipairs(order) do
    for _, i in ipairs(group.items) do place[i] = group.part end
  end
  return place, list, totals
end

-- Says which classes a part lacks, and refuses an empty part.
local function check_parts(list, totals, names, name)
  local labels = {}
  for label in pairs(totals) do labels[#labels + 1] = label end
  table.sort(labels, function(a, b) return tostring(a) < tostring(b) end)
  for p, part in ipairs(list) do
    local size = 0
    for _, n in pairs(part.counts) do size = size + n end
    if size == 0 then fail("%s: nothing is left for '%s': too few images or groups", name, names[p]) end
    for _, label in ipairs(labels) do
      if (part.counts[label] or 0) == 0 then
        core.remark("warning", ("%s: '%s' has nothing of class '%s'"):format(name, names[p],
          tostring(label)))
      end
    end
  end
end

-- ---- options ----

local function check_share(value, name)
  if type(value) ~= "number" or not (value > 0 and value < 1) then
    fail("%s: val must be a share between 0 and 1, as 0.15, not %s", name, tostring(value))
  end
  return value
end

local function check_folds(value, name)
  if math.type(value) ~= "integer" or value < 2 then
    fail("%s: k must be a whole number from 2, not %s", name, tostring(value))
  end
  return value
end

local function check_seed(seed, name)
  if seed ~= nil and math.type(seed) ~= "integer" then
    fail("%s: seed must be a whole number", name)
  end
  return seed
end

local function shares_of_folds(k)
  local shares, names = {}, {}
  for p = 1, k do shares[p], names[p] = 1 / k, "fold " .. p end
  return shares, names
end

-- ---- labels and groups ----

-- An array of numbers or words, of a tensor, too.
local function list_of(value, what)
  if core.shape(value) then return core.numbers(value, what) end
  if type(value) ~= "table" then fail("%s must be an array, not a %s", what, type(value)) end
  for i, v in ipairs(value) do
    if v ~= v then fail("%s: item %d is NaN", what, i) end
  end
  return value
end

local function read_lists(options, name)
  if options[1] == nil then fail("%s needs labels: %s{labels, groups = patients}", name, name) end
  local labels = list_of(options[1], "labels")
  local groups = options.groups ~= nil and list_of(options.groups, "groups") or nil
  if groups and #groups ~= #labels then
    fail("labels has %d items, but groups has %d", #labels, #groups)
  end
  return labels, groups
end

local function numbers_where(place, keep)
  local list = {}
  for i, p in ipairs(place) do
    if keep(p) then list[#list + 1] = i end
  end
  return list
end

-- data.group_split{labels, groups = , val = 0.15, seed = }: the numbers of the items for training
-- and of those for validation.
function data.group_split(options)
  local name = "data.group_split"
  core.options(options, name, 1, {"groups", "val", "seed"})
  local labels, groups = read_lists(options, name)
  local val = check_share(options.val == nil and 0.15 or options.val, name)
  local place, list, totals = assign(labels, groups, {1 - val, val}, check_seed(options.seed, name))
  check_parts(list, totals, {"train", "val"}, name)
  return numbers_where(place, function(p) return p == 1 end),
    numbers_where(place, function(p) return p == 2 end)
end

-- data.group_kfold{labels, groups = , k = 5, seed = }: {{train = numbers, val = numbers}, ...}.
function data.group_kfold(options)
  local name = "data.group_kfold"
  core.options(options, name, 1, {"groups", "k", "seed"})
  local labels, groups = read_lists(options, name)
  local shares, names = shares_of_folds(check_folds(options.k == nil and 5 or options.k, name))
  local place, list, totals = assign(labels, groups, shares, check_seed(options.seed, name))
  check_parts(list, totals, names, name)
  local folds = {}
  for k = 1, #shares do
    folds[k] = {train = numbers_where(place, function(p) return p ~= k end),
                val = numbers_where(place, function(p) return p == k end)}
  end
  return folds
end

-- ---- of a Dataset ----

local function contains(list, word)
  for _, w in ipairs(list) do
    if w == word then return true end
  end
  return false
end

-- The places of the images that are split: of the splits named, else of "train", where there is
-- one, else of all.
local function pool(ds, split, name)
  if split == nil then split = contains(ds.splits, "train") and "train" or ds.splits end
  local wanted = type(split) == "table" and split or {split}
  for _, word in ipairs(wanted) do
    if not contains(ds.splits, word) then
      local near = type(word) == "string" and core.suggest(word, ds.splits)
      fail("%s: there is no split '%s'; %s", name, tostring(word),
           near and "did you mean '" .. near .. "'?" or "it has: " .. table.concat(ds.splits, ", "))
    end
  end
  local at = {}
  for i, word in ipairs(ds.split) do
    if contains(wanted, word) then at[#at + 1] = i end
  end
  if #at == 0 then fail("%s: there are no images in %s", name, table.concat(wanted, ", ")) end
  return at
end

local function pick(list, at)
  local out = {}
  for k, i in ipairs(at) do out[k] = list[i] end
  return out
end

local function groups_by(ds, at, by, name)
  if by == "image" then return nil end
  if by == nil or by == "patient" then return pick(ds.patient, at) end
  fail("%s: by must be 'patient' or 'image', not '%s'", name, tostring(by))
end

-- The images at these places as a Dataset whose one split is called `name`.
local function part(ds, at, name)
  local out = parts.subset(ds, at)
  out.splits = {name}
  for i = 1, #at do out.split[i] = name end
  return out
end

local function assign_images(ds, options, shares, names, name)
  local at = pool(ds, options.split, name)
  local groups = groups_by(ds, at, options.by, name)
  local place, list, totals = assign(pick(ds.class, at), groups, shares,
                                     check_seed(options.seed, name))
  check_parts(list, totals, names, name)
  return at, place
end

-- Two Datasets, for training and validation, without a patient in both.
function Dataset:split(options)
  local name = "ds:split"
  if options == nil then options = {} end
  core.options(options, name, 0, {"val", "by", "seed", "split"})
  local val = check_share(options.val == nil and 0.15 or options.val, name)
  local at, place = assign_images(self, options, {1 - val, val}, {"train", "val"}, name)
  return part(self, pick(at, numbers_where(place, function(p) return p == 1 end)), "train"),
    part(self, pick(at, numbers_where(place, function(p) return p == 2 end)), "val")
end

-- {{train = Dataset, val = Dataset}, ...}: each image is in the val of one of them.
function Dataset:kfold(options)
  local name = "ds:kfold"
  if options == nil then options = {} end
  core.options(options, name, 0, {"k", "by", "seed", "split"})
  local shares, names = shares_of_folds(check_folds(options.k == nil and 5 or options.k, name))
  local at, place = assign_images(self, options, shares, names, name)
  local folds = {}
  for k = 1, #shares do
    folds[k] = {
      train = part(self, pick(at, numbers_where(place, function(p) return p ~= k end)), "train"),
      val = part(self, pick(at, numbers_where(place, function(p) return p == k end)), "val"),
    }
  end
  return folds
end

-- ---- class weights ----

local function count_classes(names)
  local counts = {}
  for _, class in ipairs(names) do counts[class] = (counts[class] or 0) + 1 end
  return counts
end

-- The counts of a frame as ds:counts() makes it.
local function counts_of_frame(f, split, name)
  local columns, names = {}, f:columns()
  for _, column in ipairs(names) do
    if column ~= "class" then columns[#columns + 1] = column end
  end
  if not contains(names, "class") or #columns == 0 then
    fail("%s takes a frame with a column 'class' and one of counts, as ds:counts()", name)
  end
  local from = split or contains(columns, "train") and "train" or #columns == 1 and columns[1]
  if not from or not contains(columns, from) then
    fail("%s: say which counts: split = '%s'", name, table.concat(columns, "' or '"))
  end
  local counts = {}
  for i, class in ipairs(f:column("class")) do counts[class] = f:column(from)[i] end
  return counts
end

local function read_counts(options, name)
  local from = options[1]
  if getmetatable(from) == parts.mt then
    local counts = count_classes(pick(from.class, pool(from, options.split, name)))
    for _, class in ipairs(from.classes) do counts[class] = counts[class] or 0 end
    return counts
  end
  if core.frame.is(from) then return counts_of_frame(from, options.split, name) end
  if type(from) ~= "table" then
    fail("%s takes a Dataset or counts by class: %s{{NORMAL = 1341, PNEUMONIA = 3875}}", name, name)
  end
  if #from > 0 then fail("%s: counts are given by class name, not as a list", name) end
  return from
end

-- data.class_weight{ds or counts, mode = "balanced" or "seed"}: a weight by class name.
-- "balanced": images / (classes * images of the class); "seed": the other classes' share.
function data.class_weight(options)
  local name = "data.class_weight"
  core.options(options, name, 1, {"mode", "split"})
  local mode = options.mode == nil and "balanced" or options.mode
  if mode ~= "balanced" and mode ~= "seed" then
    fail("%s: mode must be 'balanced' or 'seed', not '%s'", name, tostring(mode))
  end
  local counts, total, classes, weights = read_counts(options, name), 0, 0, {}
  for class, n in pairs(counts) do
    if type(n) ~= "number" or not (n > 0 and n < math.huge) then
      fail("%s: the count of class '%s' must be above 0, not %s", name, tostring(class), tostring(n))
    end
    total, classes = total + n, classes + 1
  end
  if classes < 2 then fail("%s needs at least two classes, but there %s", name,
                           classes == 1 and "is one" or "are none") end
  for class, n in pairs(counts) do
    weights[class] = mode == "seed" and (total - n) / total or total / (classes * n)
  end
  return weights
end
