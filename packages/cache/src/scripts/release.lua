--[[
  release: remove what a key holds, if it is still what the caller saw there.

  Gives up a lease whose loader failed, and heals a key whose bytes cannot be decoded. Whoever wrote there
  in between is left alone, which a plain DEL would not do. It works when memory is full.

  Those who wait for a lease are told, if there are any, so that one of them leads at once. Why there is no value is
  also left in the place of the lease for a second, with the lease's token: whoever waited and did not hear it finds
  it there and does not load once more. For anybody else it is nothing. Where memory is full it is only said.

  KEYS
    entry     the entry, or the lease that guards its loading

  ARGV
    head      the first bytes as they were seen, 17 at the most
    channel   the shard channel on which those who wait are told
    note      what they are told with it: why there is no value, or nothing

  REPLY
    1   removed
    0   something else is there, nothing was changed
]]
local entry = KEYS[1]
local head, channel, note = ARGV[1], ARGV[2], ARGV[3]

local there = redis.call('GETRANGE', entry, 0, 17)
if string.sub(there, 1, 17) ~= head then
  return 0
end

if string.byte(there, 1) ~= 76 or #there ~= 18 then
  redis.call('DEL', entry)
  return 1
end

local said = string.sub(head, 2) .. note
if note == '' or redis.pcall('SET', entry, 'F' .. said, 'PX', 1000).err then
  redis.call('DEL', entry)
end
redis.pcall('SPUBLISH', channel, said)
return 1
