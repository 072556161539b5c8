--[[
  block: deny a subject everything for a time, or end that.

  What was used stays known beside it. Between a read and a write of it somebody could be charged, which would be lost.

  KEYS
    counters  what the subject has used

  ARGV
    block_us  for how long from now on, in microseconds; 0 ends a block

  REPLY
    1   done
]]
local counters = KEYS[1]
local block_us = tonumber(ARGV[1])

local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local value = redis.call('GET', counters) or ''
if tonumber(value) then
  value = 'g' .. value
end
local words = string.gsub(value, '^b[%d,]+ ?', '')
-- Beside a block the key lives longer than what was used is worth knowing.
local known_ms = math.max(redis.call('PTTL', counters), 0)
local known_until = tonumber(string.match(value, '^b%d+,(%d+)')) or now + known_ms * 1000
known_ms = math.ceil((known_until - now) / 1000) + 1

if block_us > 0 then
  local kept = math.max(known_ms, math.ceil(block_us / 1000) + 1)
  redis.call('SET', counters, string.format('b%.0f,%.0f ', now + block_us, known_until) .. words, 'PX', kept)
elseif words ~= value then
  if words == '' or known_until <= now then
    redis.call('DEL', counters)
  else
    -- A single gcra limit is only its number: the short way understands nothing else.
    redis.call('SET', counters, string.match(words, '^g(%d+)$') or words, 'PX', known_ms)
  end
end
return 1
