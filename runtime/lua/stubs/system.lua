---@meta

--- What Pneuma runs on.
---@class system
system = {}

--- Platform, Pneuma, Lua, BLAS, vector instructions, threads, memory: columns what and version.
---@return pneuma.Frame
function system.versions() end
