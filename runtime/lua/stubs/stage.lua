---@meta

--- Stages: named, versioned functions written in C, found in plugins. `stage.NAME` finds the stage
--- NAME; calling it runs it, or takes its results from the cache.
---
--- ```lua
--- local edges = stage.canny{img, low = 60, high = 70}
--- ```
---
--- Inputs stand first, in declared order, or by name; parameters by name. An input that is a list
--- of arrays takes one tensor or an array of them; a list of strings takes one string or an array.
--- One declared result is returned as it is (a tensor, an array of tensors, an array of strings);
--- several come as a table with a field for each. Where every list input was given as one tensor,
--- a list result of one array comes back as that tensor.
---@class stage
---@field [string] pneuma.Stage
stage = {}

---@class pneuma.Stage
---@overload fun(arguments: table): any

---@class pneuma.StageInfo
---@field name string
---@field version string
---@field help string
---@field plugin string path of the plugin that holds it
---@field isolated boolean true when it runs in a process of its own: all third-party plugins, and what reads files that may be hostile
---@field seed boolean true when it takes `seed = n`
---@field cache boolean false when its results are never cached
---@field params table[] name, type, help, default, minimum, maximum, choices
---@field inputs table[] name, kind, help, optional
---@field results table[] name, kind, help

---@class pneuma.StageCallOptions
---@field event? fun(text: string): string? hears of each step of the work, live or again from the cache; an error in it stops the stage and is raised
---@field uncache? string do not cache this call, and why; only then do the event function's answers reach the stage

--- Runs a stage as `stage.NAME{...}` does, for modules that stand on stages: `options.event` hears
--- what the stage tells of its work, a line of JSON at a time.
---@param name string
---@param arguments table
---@param options? pneuma.StageCallOptions
---@return any
function stage.call(name, arguments, options) end

--- All stages there are, by name; prints as a list.
---@return pneuma.StageInfo[]
function stage.list() end

--- What a stage takes and returns; prints as a description.
---@param name string
---@return pneuma.StageInfo
function stage.info(name) end
