-- A chat request of which every answer is a stream of about twenty seconds.
wrk.method = "POST"
wrk.path = "/openai/v1/chat/completions"
wrk.headers["Content-Type"] = "application/json"
wrk.headers["Authorization"] = "Bearer sk-load"
wrk.body = '{"model":"main","stream":true,"max_tokens":1000,"messages":[{"role":"user","content":"Say hello!!"}]}'
