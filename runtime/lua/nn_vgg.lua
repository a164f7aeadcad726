-- nn: the convolutions of any VGG, from a file (Simonyan and Zisserman 2014).
local core = ...
local nn, fail = core.nn, core.fail

-- The layer's name and block of an array called "conv1_2.kernel", "block1_conv2/kernel", ...; block 0
-- stands before all others. Nothing for other arrays.
local function kernel_of(name)
  local layer = name:match("^(.-)[./][^./]*kernel[^./]*$") or name:match("^(.-)[./]weight$")
  if not layer then return end
  local last = layer:match("[^/]*$")
  return last, tonumber(last:match("^conv(%d+)_%d+$") or last:match("^block(%d+)_conv%d+$")
    or (last:match("^conv0$") and 0))
end

-- {{name =, block =, filters =, size =}, ...} and the channels that the first one takes.
local function convolutions(path, tensors)
  local list, channels = {}, nil
  for _, t in ipairs(tensors) do
    local name, block = kernel_of(t.name)
    if name and block and #t.shape == 4 then
      local size = t.shape[1]
      if t.shape[2] ~= size or (size ~= 3 and size ~= 1) then
        fail(("'%s': the kernel of %s has the shape (%s); a VGG has 3x3 kernels, (3, 3, in, out)"):format(
          path, name, table.concat(t.shape, ", ")))
      end
      channels = channels or t.shape[3]
      list[#list + 1] = {name = name, block = block, filters = t.shape[4], size = size}
    end
  end
  if #list == 0 then
    fail(("'%s' has neither an architecture nor convolutions named by block, such as conv1_1 or "
      .. "block1_conv1"):format(path))
  end
  return list, channels
end

local function build(list, shape, options)
  local m = nn.Sequential{nn.Input{shape[1], shape[2], shape[3]}, name = options.name or "vgg"}
  for i, c in ipairs(list) do
    if i > 1 and c.block ~= list[i - 1].block and list[i - 1].block > 0 then
      m:add(nn.MaxPooling2D{2})
    end
    m:add(nn.Conv2D{c.filters, c.size, padding = "same", name = c.name,
                    activation = c.block > 0 and "relu" or "linear"})
  end
  if options.pooling then m:add(nn.MaxPooling2D{2}) end
  return m
end

-- nn.VGG{path, input_shape = {224, 224, 3}, pooling = false, name = "vgg"}
return function(options)
  core.options(options, "nn.VGG", 1, {"weights", "input_shape", "pooling", "name"})
  local path = options.weights or options[1]
  local file = core.files.as_safetensors(path, core.files.format_of(path, "nn.VGG"))
  local tensors, metadata = core.tensors_in(file)
  if metadata.architecture or metadata.model_config then
    local m = nn.load_model{path}
    return options.input_shape and m:clone{input_shape = options.input_shape, name = options.name} or m
  end
  local list, channels = convolutions(path, tensors)
  local m = build(list, options.input_shape or {224, 224, channels}, options)
  m:load_weights{path, by_name = true}
  return m
end
