-- A folder of runtime/ includes only what stands below it, and some headers belong to one place.
-- usage: lua5.4 tests/house/check_includes.lua [SOURCE_FOLDER]
local root = arg[1] or "."

-- folder -> the folders of runtime/ it may include from, beside itself and include/pneuma/
local below = {
  base = {},
  plot = { "base" },
  kernels = { "base" },
  tensor = { "base", "kernels" },
  image = { "base", "kernels", "tensor" },
  nn = { "base", "kernels", "tensor" },
  data = { "base", "kernels", "tensor", "image", "nn" },
  stage = { "base", "kernels", "tensor", "image", "nn", "data" },
  lua = { "base", "kernels", "tensor", "image", "nn", "data", "stage", "plot" },
  notebook = { "base", "kernels", "tensor", "image", "nn", "data", "stage", "plot", "lua" },
  web = { "base", "kernels", "tensor", "image", "nn", "data", "stage", "plot", "lua", "notebook" },
}

-- The same inside nn/: its own files stand on the ground, and each of its rooms may include those
-- named beside it.
local below_in_nn = {
  layers = {}, fuse = { "layers" }, file = {}, measure = {}, train = { "file", "measure" }, explain = { "layers" },
}

-- header pattern -> the places (path patterns) that may include it
local owned = {
  ["^lua%.h$"] = { "^runtime/lua/", "^runtime/notebook/", "^tests/" },
  ["^lauxlib%.h$"] = { "^runtime/lua/", "^runtime/notebook/", "^tests/" },
  ["^cblas"] = { "^runtime/kernels/gemm%.c$" },
  ["^stb"] = { "^runtime/image/" },
}

local function any(text, patterns)
  for _, pattern in ipairs(patterns) do
    if text:find(pattern) then return true end
  end
  return false
end

local function contains(list, item)
  for _, value in ipairs(list) do
    if value == item then return true end
  end
  return false
end

local problems, files = {}, 0

local function check_own(path, folder, header)
  local target = header:match("^([^/]+)/")
  if not below[target] or target == folder then return end
  if folder and not contains(below[folder], target) then
    problems[#problems + 1] = ("%s: includes %s, which does not stand below %s/"):format(path, header, folder)
  end
end

-- nn/train/fit.c may include nn/layer.h and nn/file/..., but no file of nn/ itself nn/train/...
local function check_nn(path, header)
  local target = header:match("^nn/([^/]+)/")
  if not target or not path:find("^runtime/nn/") then return end
  local room = path:match("^runtime/nn/([^/]+)/")
  if target == room or (room and contains(below_in_nn[room] or {}, target)) then return end
  problems[#problems + 1] = ("%s: includes %s, which does not stand below it in nn/"):format(path, header)
end

local function check_file(path)
  files = files + 1
  local folder = path:match("^runtime/([^/]+)/")
  if folder == "include" then folder = "base" end
  if folder and not below[folder] then
    problems[#problems + 1] = ("%s: the folder %s/ has no floor in this check"):format(path, folder)
  end
  for line in io.lines(root .. "/" .. path) do
    local header = line:match('^%s*#%s*include%s*[<"]([^>"]+)[>"]')
    if header then
      check_own(path, folder, header)
      check_nn(path, header)
      for pattern, places in pairs(owned) do
        if header:find(pattern) and not any(path, places) then
          problems[#problems + 1] = ("%s: %s may only be included from %s"):format(path, header, places[1])
        end
      end
    end
  end
end

local list = assert(io.popen(("cd '%s' && find runtime stages tests -name '*.[ch]' | sort"):format(root)))
for path in list:lines() do check_file(path) end
list:close()

assert(files > 20, "found too few files: is this the source folder?")
for _, problem in ipairs(problems) do print(problem) end
print(("%d files, %d problems"):format(files, #problems))
os.exit(#problems == 0)
