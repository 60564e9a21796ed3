%% SPDX-License-Identifier: MIT
%% distance.erl - what tests/plugins/distance measures, between two nodes of Erlang/OTP.
-module(distance).
-behaviour(gen_server).
-export([there/0, here/1, init/1, handle_call/3, handle_cast/2, handle_info/2]).

there() ->
    {ok, _} = gen_server:start({local, 'end'}, ?MODULE, [], []),
    io:format("ready~n"),
    receive forever -> ok end.

init([]) -> {ok, 0}.
handle_call(seen, _From, N) -> {reply, N, N};
handle_call({echo, Words}, _From, N) -> {reply, Words, N}.
handle_cast(_, N) -> {noreply, N + 1}.
handle_info(_, N) -> {noreply, N + 1}.

%% A line of the input is a measurement: asks COUNT, tells COUNT, blobs COUNT SIZE. A line of the
%% output is how many nanoseconds.
here(Node) ->
    {ok, 0} = {ok, connect(Node, 100)},
    io:format("ready~n"),
    serve({'end', Node}).

connect(Node, Tries) when Tries > 0 ->
    case net_kernel:connect_node(Node) of
        true -> 0;
        _ -> timer:sleep(50), connect(Node, Tries - 1)
    end.

serve(To) ->
    case io:get_line("") of
        eof -> halt();
        Line ->
            [What | Numbers] = string:lexemes(Line, " \n"),
            io:format("~b~n", [measure(What, [list_to_integer(N) || N <- Numbers], To)]),
            serve(To)
    end.

measure("asks", [Count], To) ->
    Words = binary:copy(<<7>>, 64),
    Times = lists:sort([ask(To, Words) || _ <- lists:seq(1, Count)]),
    lists:nth(Count div 2 + 1, Times);
measure("tells", [Count], To) -> tells(To, binary:copy(<<7>>, 64), Count);
measure("blobs", [Count, Size], To) -> tells(To, binary:copy(<<7>>, Size), Count).

ask(To, Words) ->
    Start = erlang:monotonic_time(nanosecond),
    Words = gen_server:call(To, {echo, Words}),
    erlang:monotonic_time(nanosecond) - Start.

tells(To, Bytes, Count) ->
    Before = gen_server:call(To, seen, infinity),
    Start = erlang:monotonic_time(nanosecond),
    send(To, Bytes, Count),
    After = gen_server:call(To, seen, infinity),
    Count = After - Before,
    erlang:monotonic_time(nanosecond) - Start.

send(_, _, 0) -> ok;
send(To, Bytes, Count) -> To ! Bytes, send(To, Bytes, Count - 1).
