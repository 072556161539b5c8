--[[
  release: remove what a key holds, if it is still what the caller saw there.

  Gives up a lease whose loader failed, and heals a key whose bytes cannot be decoded. Whoever wrote there
  in between is left alone, which a plain DEL would not do. It works when memory is full.

  KEYS
    entry     the entry, or the lease that guards its loading

  ARGV
    head      the first bytes as they were seen, 17 at the most

  REPLY
    1   removed
    0   something else is there, nothing was changed
]]
local entry = KEYS[1]
local head = ARGV[1]

if redis.call('GETRANGE', entry, 0, 16) == head then
  return redis.call('DEL', entry)
end

return 0
