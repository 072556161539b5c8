--[[
  block-log: deny a subject with a log everything for a time, or end that.

  What was admitted stays known before it. Between a read and a write of it somebody could be admitted, which would be lost.

  KEYS
    log       what the subject was admitted

  ARGV
    block_us  for how long from now on, in microseconds; 0 ends a block

  REPLY
    1   done
]]
local log = KEYS[1]
local block_us = tonumber(ARGV[1])

local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local last = redis.call('LINDEX', log, -1)
local is_blocked = last and string.sub(last, 1, 1) == 'b'
-- Beside a block the key lives longer than what was admitted is worth knowing.
local known_until = now + math.max(redis.call('PTTL', log), 0) * 1000
if is_blocked then
  known_until = tonumber(string.match(last, '^b%d+,(%d+)')) or known_until
  redis.call('RPOP', log)
end

local known_ms = math.ceil((known_until - now) / 1000) + 1
if block_us > 0 then
  redis.call('RPUSH', log, string.format('b%.0f,%.0f', now + block_us, known_until))
  redis.call('PEXPIRE', log, math.max(known_ms, math.ceil(block_us / 1000) + 1))
elseif is_blocked and known_until <= now then
  redis.call('DEL', log)
elseif is_blocked then
  redis.call('PEXPIRE', log, known_ms)
end
return 1
