# Not yet run in a container: written and checked on a machine without a container engine (docs/operations.md says what was checked).
#
#   docker build -t realtime .
#
# The result has no shell, no package manager and no root: whoever looks after it asks /health/live and /health/ready over HTTP.

# The dashboard.
FROM node:22-bookworm-slim AS page
WORKDIR /src/web
COPY web/package.json web/package-lock.json web/.npmrc ./
RUN npm ci --no-audit --no-fund
COPY web/ ./
RUN npm run build -- --logLevel warn --emptyOutDir --outDir /page

# The server. Packages are restored from the lock files only, so that they are what was tested.
FROM mcr.microsoft.com/dotnet/sdk:10.0-noble AS build
ENV CI=true DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
WORKDIR /src
COPY .editorconfig global.json BannedSymbols.txt Directory.Build.props Directory.Build.targets Directory.Packages.props Packages.props ./
COPY Realtime.Contracts/Realtime.Contracts.csproj Realtime.Contracts/packages.lock.json Realtime.Contracts/
COPY Realtime.Server/Realtime.Server.csproj Realtime.Server/packages.lock.json Realtime.Server/Dashboard.targets Realtime.Server/
RUN dotnet restore Realtime.Server --locked-mode
COPY Realtime.Contracts/ Realtime.Contracts/
COPY Realtime.Server/ Realtime.Server/
COPY --from=page /page Realtime.Server/obj/dashboard/
RUN dotnet publish Realtime.Server -c Release --no-restore -p:BuildDashboard=false -p:UseAppHost=false -o /app && mkdir /data

# Ubuntu without anything but the runtime; its user is not root.
FROM mcr.microsoft.com/dotnet/aspnet:10.0-noble-chiseled
WORKDIR /app
COPY --from=build /app ./
# Only for a server without PostgreSQL, which keeps its events in one file: mount a volume here.
COPY --from=build --chown=$APP_UID:$APP_UID /data /data
ENV Storage__SqlitePath=/data/realtime.db
USER $APP_UID
EXPOSE 8080
# Exec form: SIGTERM reaches the server, which drains. Stop it with more time than Realtime:DrainWindow + 5 s (docker stop --timeout 30).
ENTRYPOINT ["dotnet", "Realtime.Server.dll"]
