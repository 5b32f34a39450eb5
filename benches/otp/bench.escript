#!/usr/bin/env escript
%% The same workloads for Erlang's supervisor: start, memory and stop of idle children, a storm of
%% crashes, and one_for_all. Run by hand: escript benches/otp/bench.escript
-module(bench).
-behaviour(supervisor).
-export([init/1, idle/0, crash/2]).
-mode(compile).

main(_) ->
    logger:set_primary_config(level, none),
    process_flag(trap_exit, true),
    io:format("Erlang/OTP ~s, ~b schedulers~n", [erlang:system_info(otp_release),
                                                erlang:system_info(schedulers_online)]),
    [idle_children(N) || N <- [10000, 100000]],
    storm(100, 20000),
    group(1000, 100).

init({Strategy, Children}) ->
    {ok, {#{strategy => Strategy, intensity => 1000000000, period => 1}, Children}}.

spec(Id, Mfa) -> #{id => Id, start => Mfa, restart => transient, shutdown => 5000}.

idle() ->
    {ok, spawn_link(fun() -> receive stop -> ok end end)}.

%% Dies as often as it is told to, then waits.
crash(Place, Parent) ->
    {ok, spawn_link(fun() ->
        case counters:get(persistent_term:get(left), Place) of
            0 -> Parent ! calm, receive stop -> ok end;
            _ -> counters:sub(persistent_term:get(left), Place, 1), exit(crash)
        end
    end)}.

idle_children(N) ->
    erlang:garbage_collect(),
    Before = erlang:memory(total),
    Children = [spec(I, {?MODULE, idle, []}) || I <- lists:seq(1, N)],
    {Start, {ok, Sup}} = timer:tc(fun() ->
        supervisor:start_link(?MODULE, {one_for_one, Children}) end),
    erlang:garbage_collect(),
    Bytes = erlang:memory(total) - Before,
    {Stop, ok} = timer:tc(fun() -> stop(Sup) end),
    io:format("~b children: start ~b ns, ~b bytes, stop ~b ns per child~n",
              [N, Start * 1000 div N, Bytes div N, Stop * 1000 div N]).

storm(N, Restarts) ->
    Left = counters:new(N, [write_concurrency]),
    [counters:put(Left, I, Restarts div N) || I <- lists:seq(1, N)],
    persistent_term:put(left, Left),
    Self = self(),
    Children = [spec(I, {?MODULE, crash, [I, Self]}) || I <- lists:seq(1, N)],
    {Took, _} = timer:tc(fun() ->
        {ok, _} = supervisor:start_link(?MODULE, {one_for_one, Children}),
        [receive calm -> ok end || _ <- lists:seq(1, N)] end),
    io:format("storm: ~b ns per restart~n", [Took * 1000 div Restarts]).

group(N, Rounds) ->
    Children = [spec(I, {?MODULE, idle, []}) || I <- lists:seq(1, N)],
    {ok, Sup} = supervisor:start_link(?MODULE, {one_for_all, Children}),
    {Took, _} = timer:tc(fun() -> [again(Sup) || _ <- lists:seq(1, Rounds)] end),
    io:format("one_for_all: ~b ns per child and round~n", [Took * 1000 div (N * Rounds)]).

%% A question is answered when the restart before it is over.
again(Sup) ->
    {_, Pid, _, _} = lists:keyfind(1, 1, supervisor:which_children(Sup)),
    exit(Pid, kill),
    wait_for_other(Sup, Pid).

wait_for_other(Sup, Pid) ->
    case lists:keyfind(1, 1, supervisor:which_children(Sup)) of
        {_, New, _, _} when is_pid(New), New =/= Pid -> ok;
        _ -> wait_for_other(Sup, Pid)
    end.

stop(Sup) ->
    Ref = monitor(process, Sup),
    exit(Sup, shutdown),
    receive {'DOWN', Ref, _, _, _} -> ok end.
