-- /etc/dovecot/postcote.lua: how the auth process of Dovecot 2.4 asks postcote for passwords and users, over
-- the same dict socket that Dovecot 2.3 asks.

local json = require "json"
local unix = require "socket.unix"

local SOCKET = "@dict@"
-- Seconds. postcote answers from memory; whatever takes longer is a failure, never "no such user".
local PATIENCE = 10

local PASSDB = { found = dovecot.auth.PASSDB_RESULT_OK, unknown = dovecot.auth.PASSDB_RESULT_USER_UNKNOWN,
  failed = dovecot.auth.PASSDB_RESULT_INTERNAL_FAILURE }
local USERDB = { found = dovecot.auth.USERDB_RESULT_OK, unknown = dovecot.auth.USERDB_RESULT_USER_UNKNOWN,
  failed = dovecot.auth.USERDB_RESULT_INTERNAL_FAILURE }

local ESCAPED = { ["\1"] = "\0011", ["\t"] = "\1t", ["\n"] = "\1n", ["\r"] = "\1r", ["\0"] = "\0010" }
local PLAIN = { ["1"] = "\1", t = "\t", n = "\n", r = "\r", ["0"] = "\0" }

local function escape(text) return (text:gsub("[\1\t\n\r%z]", ESCAPED)) end
local function unescape(text) return (text:gsub("\1(.)", function(letter) return PLAIN[letter] or letter end)) end

-- One connection for each auth worker. It is nil while there is none.
local connection

local function connect()
  local fresh = unix.stream and unix.stream() or unix()
  fresh:settimeout(PATIENCE)
  local done, why = fresh:connect(SOCKET)
  if not done then return why end
  connection = fresh
  -- The name of the dict means nothing; an empty one is not allowed.
  connection:send("H4\t0\t0\t\tpostcote\n")
end

local function forget()
  if connection then connection:close() end
  connection = nil
end

-- Sends a line and reads the first one of the answer. The server may have ended a connection that was idle, so
-- one that was there is tried again; a new one is not.
local function ask(line)
  while true do
    local fresh = connection == nil
    local why = fresh and connect() or nil
    if why then return nil, why end
    local sent, answer
    sent, why = connection:send(line .. "\n")
    if sent then answer, why = connection:receive("*l") end
    if answer then return answer end
    forget()
    if fresh then return nil, why end
  end
end

local function lookup(request, result, key)
  local answer, why = ask("L" .. escape(key) .. "\t" .. escape(request.user))
  if not answer then return result.failed, "postcote: " .. tostring(why) end
  local kind, value = answer:sub(1, 1), answer:match("^.([^\t]*)")
  if kind == "N" then return result.unknown, "postcote knows no such user, or not for this service" end
  if kind ~= "O" then return result.failed, "postcote: " .. unescape(value) end
  local understood, fields = pcall(json.decode, unescape(value))
  if not understood then return result.failed, "postcote: no JSON" end
  for name, field in pairs(fields) do fields[name] = tostring(field) end
  return result.found, fields
end

function script_init() return 0 end

function script_deinit() forget() end

-- The service is part of the key, so that who may not use it is refused.
function auth_passdb_lookup(request)
  local service = request.protocol or request.service or ""
  return lookup(request, PASSDB, "shared/passdb/" .. request.user .. "/" .. service)
end

function auth_userdb_lookup(request)
  return lookup(request, USERDB, "shared/userdb/" .. request.user)
end

-- For `doveadm user '*'` and `doveadm -A`.
function auth_userdb_iterate()
  local users = {}
  local answer, why = ask("I0\t0\tshared/userdb/\t")
  while answer and answer ~= "" do
    local user = answer:match("^Oshared/userdb/([^\t]+)")
    if not user then
      forget()
      error("postcote: " .. unescape(answer:sub(2)))
    end
    users[#users + 1] = unescape(user)
    answer, why = connection:receive("*l")
  end
  if not answer then
    forget()
    error("postcote: " .. tostring(why))
  end
  return users
end
