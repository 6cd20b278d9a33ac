{{/* With -collector-sampler and the hash of a StatefulSet's revision, a label of at most 63 characters. */}}
{{- define "orders.fullname" -}}
{{- if contains .Chart.Name .Release.Name }}{{ .Release.Name | trunc 34 | trimSuffix "-" }}{{ else }}{{ printf "%s-%s" .Release.Name .Chart.Name | trunc 34 | trimSuffix "-" }}{{ end }}
{{- end }}

{{/* Immutable once installed: nothing that changes between versions. */}}
{{- define "orders.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end }}

{{- define "orders.labels" -}}
{{ include "orders.selector" . }}
app.kubernetes.io/version: {{ .Values.image.tag | default .Chart.AppVersion | trunc 63 | trimAll "-._" | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "orders.image" -}}
{{- with .Values.image -}}
{{- if .digest }}{{ .repository }}@{{ .digest }}{{ else }}{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}{{ end }}
{{- end }}
{{- end }}

{{/* Helm reads every number as a float, and prints a million as 1e+06. */}}
{{- define "orders.scalar" -}}
{{- if and (kindIs "float64" .) (eq (float64 (int64 .)) .) }}{{ int64 . }}{{ else }}{{ . }}{{ end }}
{{- end }}

{{- define "orders.podSecurityContext" -}}
runAsNonRoot: true
runAsUser: 1000
runAsGroup: 1000
fsGroup: 1000
seccompProfile: { type: RuntimeDefault }
{{- end }}

{{- define "orders.containerSecurityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: { drop: [ALL] }
{{- end }}

{{/* A key of the Secret as the variable of the same name. */}}
{{- define "orders.secretVariable" -}}
- name: {{ .name }}
  valueFrom: { secretKeyRef: { name: {{ .secret | quote }}, key: {{ .name }}{{ if .optional }}, optional: true{{ end }} } }
{{- end }}

{{- define "orders.scheduling" -}}
{{- with .Values.imagePullSecrets }}
imagePullSecrets: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . | quote }}
{{- end }}
{{- end }}

{{/* Rules of egress for the named destinations of networkPolicy.egress. */}}
{{- define "orders.egress" -}}
{{- range $name := .names }}
{{- with index $.values.networkPolicy.egress $name }}
{{- if .ports }}
- ports:
    {{- range .ports }}
    - { protocol: TCP, port: {{ . | int }} }
    {{- if eq $name "dns" }}
    - { protocol: UDP, port: {{ . | int }} }
    {{- end }}
    {{- end }}
  {{- with .to }}
  to: {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{- define "orders.replicasAtMost" -}}
{{- if or .Values.autoscaling.enabled (not .Values.replicas) }}{{ .Values.autoscaling.maxReplicas | int }}{{ else }}{{ .Values.replicas | int }}{{ end }}
{{- end }}

{{/* The variables' defaults as src/config has them: the ports, and the size of the pool. */}}
{{- define "orders.default" -}}
{{- get (.context.Files.Get "files/defaults.json" | fromJson) .name }}
{{- end }}

{{/* What values.schema.json cannot say, because it concerns several values. */}}
{{- define "orders.check" -}}
{{- if not .Values.paymentGateway.url }}
{{- fail "paymentGateway.url is required." }}
{{- end }}
{{- if le (.Values.shutdown.deadlineSeconds | int) (.Values.shutdown.drainDelaySeconds | int) }}
{{- fail "shutdown.deadlineSeconds includes shutdown.drainDelaySeconds and must be longer." }}
{{- end }}
{{- if and .Values.autoscaling.enabled (lt (.Values.autoscaling.maxReplicas | int) (.Values.autoscaling.minReplicas | int)) }}
{{- fail "autoscaling.maxReplicas must not be below autoscaling.minReplicas." }}
{{- end }}
{{- $pool := index .Values.config "DATABASE_POOL_MAX" | default (include "orders.default" (dict "context" . "name" "DATABASE_POOL_MAX")) | int }}
{{- /*
  Those that a rollout adds, and those that are about to go: Kubernetes counts them no more, and they keep their connections until the
  drain is over, while the next ones take their places every minReadySeconds.
*/}}
{{- $going := max 1 (div (add .Values.shutdown.preStopSeconds .Values.shutdown.drainDelaySeconds 4) 5) }}
{{- $replicas := add (include "orders.replicasAtMost" . | int) (mul (.Values.rollout.maxSurge | int) (add 1 $going)) }}
{{- $connections := mul $replicas (add $pool 2) }}
{{- if gt $connections (.Values.database.connections | int) }}
{{- fail (printf "%d replicas, those that come and go in a rollout included, with DATABASE_POOL_MAX=%d open up to %d connections (2 more each, for readiness and cancelling), and database.connections is %d. Fewer replicas, a smaller pool, a shorter drain, or a pooler in between." $replicas $pool $connections (.Values.database.connections | int)) }}
{{- end }}
{{- if .Values.agentCheck.enabled }}
{{- range $name := list "PORT" "ADMIN_PORT" }}
{{- if eq ($.Values.agentCheck.port | int) (include "orders.default" (dict "context" $ "name" $name) | int) }}
{{- fail (printf "agentCheck.port is the one of %s already." $name) }}
{{- end }}
{{- end }}
{{- end }}
{{- if eq (index .Values.config "METRICS_NAMES" | default "prometheus") "opentelemetry" }}
{{- if or (and .Values.monitoring.enabled (or .Values.monitoring.rules.enabled .Values.monitoring.dashboards.enabled)) (and .Values.autoscaling.enabled .Values.autoscaling.admission.enabled) }}
{{- fail "config.METRICS_NAMES=opentelemetry leaves the rules, the dashboards and the autoscaler without the metrics that they read. Use both." }}
{{- end }}
{{- end }}
{{- include "orders.checkSecret" . }}
{{- with .Values.monitoring }}
{{- if and .enabled .rules.enabled (or (not .rules.runbookUrl) (not .rules.grafanaUrl)) }}
{{- fail "monitoring.rules.runbookUrl and monitoring.rules.grafanaUrl are required, because every alert links to both." }}
{{- end }}
{{- end }}
{{- if and .Values.evidence.enabled (not .Values.evidence.url) }}
{{- fail "evidence.url is required with evidence.enabled, because alerts and messages link to it." }}
{{- end }}
{{- with .Values.collector }}
{{- if and .enabled (or (not .traces) (not .logs)) }}
{{- fail "collector.traces and collector.logs are required with collector.enabled." }}
{{- end }}
{{- end }}
{{- if and .Values.collector.enabled (not .Values.telemetry.endpoint) }}
{{- range $signal := list "TRACES" "LOGS" }}
{{- $protocol := get $.Values.config (printf "OTEL_EXPORTER_OTLP_%s_PROTOCOL" $signal) | default (get $.Values.config "OTEL_EXPORTER_OTLP_PROTOCOL") }}
{{- $exporter := get $.Values.config (printf "OTEL_%s_EXPORTER" $signal) | default "otlp" }}
{{- $endpoint := get $.Values.config (printf "OTEL_EXPORTER_OTLP_%s_ENDPOINT" $signal) }}
{{- if and (eq $protocol "grpc") (contains "otlp" $exporter) (not $endpoint) }}
{{- fail "config.OTEL_EXPORTER_OTLP_PROTOCOL=grpc, or that of a signal: the Collector of this chart takes OTLP over HTTP. Leave it out." }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/*
  A Secret that is missing would show as a Job that does not start, after minutes, and a claim as a pod that does not. Only seen where Helm talks to the cluster, and the
  namespace exists, which its first ServiceAccount shows.
*/}}
{{- define "orders.checkSecret" -}}
{{- if lookup "v1" "ServiceAccount" .Release.Namespace "default" }}
{{- $secret := lookup "v1" "Secret" .Release.Namespace .Values.secretName }}
{{- if not $secret }}
{{- fail (printf "The namespace %s has no Secret %s. secretName and deploy/README.md say what it holds." .Release.Namespace .Values.secretName) }}
{{- end }}
{{- $keys := list "DATABASE_URL" "API_KEYS" }}
{{- if .Values.paymentGateway.authorization }}{{ $keys = append $keys "PAYMENT_GATEWAY_AUTHORIZATION" }}{{ end }}
{{- if and .Values.evidence.enabled .Values.evidence.followUp }}{{ $keys = append $keys "EVIDENCE_FOLLOW_UP_URL" }}{{ end }}
{{- if and .Values.collector.enabled .Values.collector.authorizationKey }}{{ $keys = append $keys .Values.collector.authorizationKey }}{{ end }}
{{- range $key := $keys }}
{{- if not (hasKey ($secret.data | default dict) $key) }}
{{- fail (printf "The Secret %s has no key %s." $.Values.secretName $key) }}
{{- end }}
{{- end }}
{{- $claim := .Values.evidence.existingClaim }}
{{- if and .Values.evidence.enabled $claim (not (lookup "v1" "PersistentVolumeClaim" .Release.Namespace $claim)) }}
{{- fail (printf "The namespace %s has no PersistentVolumeClaim %s, which evidence.existingClaim names." .Release.Namespace $claim) }}
{{- end }}
{{- end }}
{{- end }}
