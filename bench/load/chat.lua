-- A chat request of 84 bytes, to be answered in one piece.
wrk.method = "POST"
wrk.path = "/openai/v1/chat/completions"
wrk.headers["Content-Type"] = "application/json"
wrk.headers["Authorization"] = "Bearer sk-load"
wrk.body = '{"model":"main","max_tokens":1,"messages":[{"role":"user","content":"Say hello!!"}]}'
