-- For wrk: eight requests in one write. It counts each of their answers.
function init()
    local requests = {}
    for i = 1, 8 do
        requests[i] = wrk.format()
    end
    eight = table.concat(requests)
end

function request()
    return eight
end
