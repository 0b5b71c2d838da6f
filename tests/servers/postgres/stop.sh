#!/bin/bash
# stop.sh NAME: ends the server of that instance by its pid (fast shutdown) and removes the instance
. "$(dirname "$(readlink -f "$0")")/../lib.sh"
DIR=$STATE/postgres/inst/$1
end "$DIR/server.pid" postgres INT
rm -rf "$DIR"
