-- The module system: what Pneuma runs on.
local core = ...
local system = {}

-- The versions of what a result depends on, as a frame of names and values.
function system.versions()
  local facts = core.facts()
  return core.frame{columns = {"what", "version"},
    {"platform", facts.platform}, {"Pneuma", facts.pneuma}, {"Lua", facts.lua},
    {"BLAS", facts.blas}, {"vector instructions", facts.cpu},
    {"threads", tostring(facts.threads)}, {"memory", ("%.1f GiB"):format(facts.memory_mib / 1024)},
    {"GPU", "none: Pneuma computes on the processor"},
  }
end

return system
