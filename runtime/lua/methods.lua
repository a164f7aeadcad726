-- Methods that say so when the colon before them is missing (ds.counts() for ds:counts()).
local core = ...

-- Replaces every function in `methods` by one that checks that it is called on an object with this
-- metatable; `name` stands for the object in the message.
return function(methods, metatable, name)
  for key, method in pairs(methods) do
    if type(method) == "function" and key:sub(1, 2) ~= "__" then
      methods[key] = function(self, ...)
        if getmetatable(self) ~= metatable then
          core.fail(("call %s with a colon: %s:%s"):format(key, name, key))
        end
        return method(self, ...)
      end
    end
  end
end
