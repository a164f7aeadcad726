-- nn: the lines that Keras 2.15 prints while it trains (keras/utils/generic_utils.py, Progbar).
local core = ...

local lines = {}
local WIDTH = 30

-- "131ms/step"
local function pace(seconds, unit)
  if seconds >= 1 or seconds == 0 then return ("%.0fs/%s"):format(seconds, unit) end
  if seconds >= 1e-3 then return ("%.0fms/%s"):format(seconds * 1e3, unit) end
  return ("%.0fus/%s"):format(seconds * 1e6, unit)
end

-- " - loss: 0.9031 - accuracy: 0.9100", in the order of names
local function values(names, logs)
  local parts = {}
  for _, name in ipairs(names) do
    local value = logs[name]
    if value == nil or value ~= value then
      parts[#parts + 1] = (" - %s: nan"):format(name)
    else
      parts[#parts + 1] = (" - %s: " .. (math.abs(value) > 1e-3 and "%.4f" or "%.4e")):format(name,
        value)
    end
  end
  return table.concat(parts)
end

-- The line of an epoch, or of an evaluation: verbose 1 with a bar, 2 without.
function lines.done(steps, seconds, names, logs, verbose)
  local step = pace(seconds / math.max(steps, 1), "step")
  if verbose == 2 then
    return ("%d/%d - %.0fs%s - %s - %s"):format(steps, steps, seconds, values(names, logs),
      pace(seconds, "epoch"), step)
  end
  return ("%d/%d [%s] - %.0fs %s%s"):format(steps, steps, ("="):rep(WIDTH), seconds, step,
    values(names, logs))
end

-- verbose = "auto", 0, 1, 2
function lines.check_verbose(verbose, what)
  if verbose == nil or verbose == "auto" or verbose == true then return 1 end
  if verbose == false then return 0 end
  if verbose ~= 0 and verbose ~= 1 and verbose ~= 2 then
    core.fail(("%s: verbose must be 0 (nothing), 1 (a bar) or 2 (a line), not %s"):format(what,
      tostring(verbose)))
  end
  return verbose
end

return lines
