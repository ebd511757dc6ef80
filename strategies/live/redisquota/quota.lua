-- One ask, decided and taken down as one. KEYS: when each limit is due (the
-- theoretical arrival time of GCRA, in microseconds), the leases, and the answer to
-- this ask. A client that hears no answer sends the ask again, and gets the same one.
local requests_due, tokens_due, leases, answer = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local rpm, tpm, burst = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local requests, tokens = tonumber(ARGV[4]), tonumber(ARGV[5])
local within = tonumber(ARGV[6])
local back_requests, back_tokens = tonumber(ARGV[7]), tonumber(ARGV[8])
local lease, instance = tonumber(ARGV[9]), ARGV[10]
local minute = 60000000
local day = 86400000 -- in milliseconds, as what follows
local remembered = 30000 -- longer than a client tries

local known = redis.call('GET', answer)
if known then
	local status, wait, share_r, share_t = string.match(known, '(%S+) (%S+) (%S+) (%S+)')
	return {tonumber(status), tonumber(wait), tonumber(share_r), tonumber(share_t)}
end
local function reply(status, wait, share_r, share_t)
	redis.call('SET', answer, string.format('%.0f %.0f %.0f %.0f', status, wait, share_r, share_t), 'PX', remembered)
	return {status, wait, share_r, share_t}
end

local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]

-- pool reads one limit, takes back what was not needed, and works out how long
-- cost has to wait.
local function pool(key, limit, cost, back)
	local p = {key = key, limit = limit, cost = cost, wait = 0, fits = true}
	if limit == 0 then return p end
	p.unit = minute / limit
	p.size = math.max(1, math.floor(limit * burst / minute))
	-- What is not known may have been spent: without burst.
	local due = math.max(now, tonumber(redis.call('GET', key) or now + p.size * p.unit))
	p.due = math.max(now, due - back * p.unit)
	p.fits = cost <= math.max(limit, p.size)
	if cost > 0 then
		p.wait = math.max(0, p.due + (math.min(cost, p.size) - p.size) * p.unit - now)
	end
	return p
end

local function save(p)
	if p.limit > 0 then
		redis.call('SET', p.key, string.format('%.3f', p.due), 'PX', math.ceil((p.due - now) / 1000) + day)
	end
end

local r = pool(requests_due, rpm, requests, back_requests)
local t = pool(tokens_due, tpm, tokens, back_tokens)

if lease == 0 then
	local status, wait = 200, math.max(r.wait, t.wait)
	if not (r.fits and t.fits) then
		status, wait = 413, 0
	elseif wait > within then
		status = 429
	else
		if r.limit > 0 then r.due = r.due + requests * r.unit end
		if t.limit > 0 then t.due = t.due + tokens * t.unit end
	end
	save(r)
	save(t)
	return reply(status, math.ceil(wait), 0, 0)
end

-- The share is what the instance wants of all that is wanted, at most what the
-- leases of others leave.
local wants_r, wants_t, held_r, held_t = requests, tokens, 0, 0
local all = redis.call('HGETALL', leases)
for i = 1, #all, 2 do
	local till, want_r, want_t, share_r, share_t = string.match(all[i + 1], '(%S+) (%S+) (%S+) (%S+) (%S+)')
	if tonumber(till) <= now then
		redis.call('HDEL', leases, all[i])
	elseif all[i] ~= instance then
		wants_r, wants_t = wants_r + want_r, wants_t + want_t
		held_r, held_t = held_r + share_r, held_t + share_t
	end
end
local function share(limit, want, wants, held)
	if wants == 0 then return 0 end
	return math.max(0, math.min(math.floor(limit * (want / wants)), limit - held))
end
local own_r, own_t = share(rpm, requests, wants_r, held_r), share(tpm, tokens, wants_t, held_t)
redis.call('HSET', leases, instance, string.format('%.0f %.0f %.0f %.0f %.0f', now + lease, requests, tokens, own_r, own_t))
redis.call('PEXPIRE', leases, math.ceil(lease / 1000) + 60000)
save(r)
save(t)
return reply(200, 0, own_r, own_t)
